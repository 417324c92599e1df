package banking

import (
	"slices"
	"sync"
	"time"
)

const (
	// memoryLife is how long account numbers are remembered, in memory only.
	memoryLife = 10 * time.Minute
	memorySize = 4096
)

// memory remembers account lists with whole numbers for a while, so that the questions of one conversation need not each fetch
// them. It never reaches a disk.
type memory struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[string]remembered
}

type remembered struct {
	list []Account
	at   time.Time
}

func newMemory(now func() time.Time) *memory {
	return &memory{now: now, kept: map[string]remembered{}}
}

func (m *memory) get(id string) ([]Account, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.kept[id]
	if !ok || !m.now().Before(r.at.Add(memoryLife)) {
		delete(m.kept, id)
		return nil, false
	}
	return slices.Clone(r.list), true
}

func (m *memory) put(id string, list []Account) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) >= memorySize {
		now := m.now()
		for k, r := range m.kept {
			if !now.Before(r.at.Add(memoryLife)) {
				delete(m.kept, k)
			}
		}
		for k := range m.kept {
			if len(m.kept) < memorySize {
				break
			}
			delete(m.kept, k)
		}
	}
	m.kept[id] = remembered{slices.Clone(list), m.now()}
}
