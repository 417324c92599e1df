package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// OpenState makes the state directory if need be and closes it to everyone but its owner: 0700 itself, 0600 its files. What is wider is
// repaired; what cannot be repaired is refused.
func OpenState(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("find the state directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the state directory: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing was written through it
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = closeToOthers(root, path, d)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since it was listed, as a database's journal may be
		}
		if err != nil {
			return fmt.Errorf("close the state directory to others: %w", err)
		}
		return nil
	})
}

func closeToOthers(root *os.Root, path string, d fs.DirEntry) error {
	want := fs.FileMode(0o600)
	switch {
	case d.IsDir():
		want = 0o700
	case d.Type()&fs.ModeSymlink != 0:
		return nil // its target has its own owner and mode
	}
	stat, err := d.Info()
	if err != nil || stat.Mode().Perm()&^want == 0 {
		return err
	}
	return root.Chmod(path, want)
}

// WriteFile writes a file of mode 0600 whole or not at all, and returns when it is on disk.
func WriteFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // CreateTemp makes it 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone already when all went well
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	d, err := os.Open(dir) //nolint:gosec // the directory just written to
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
