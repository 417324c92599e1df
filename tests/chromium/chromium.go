// Package chromium opens windows of one Chromium, which sees nothing but this machine, for the tests of one process.
//
// To start a browser takes as long as most walks through pages, so there is one; and each window has its own cookies, as if it were one of its own.
package chromium

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// errNone means that there is no browser to start.
var errNone = errors.New("chromium is missing: apt-get install chromium")

// longest is how long a test may have a window: far more than it needs on a busy machine, so that only what hangs is ended by it.
const longest = 3 * time.Minute

// browser is the one of this process.
var browser struct {
	once  sync.Once
	ctx   context.Context //nolint:containedctx // a browser is a context to chromedp
	close []func()
	err   error
}

// Open opens a window that shares nothing with any other. The test is skipped where Chromium is not installed, and fails with TEST_ALL=1.
func Open(tb testing.TB) context.Context {
	tb.Helper()
	browser.once.Do(start)
	if errors.Is(browser.err, errNone) && os.Getenv("TEST_ALL") != "1" {
		tb.Skip(browser.err)
	}
	if browser.err != nil {
		tb.Fatal(browser.err)
	}
	return window(tb, browser.ctx, chromedp.WithNewBrowserContext())
}

// Beside opens another window that shares the cookies of one that is open.
func Beside(tb testing.TB, opened context.Context) context.Context { //nolint:revive // the test comes first in test helpers
	tb.Helper()
	return window(tb, opened)
}

func window(tb testing.TB, parent context.Context, opts ...chromedp.ContextOption) context.Context { //nolint:revive // the test comes first in test helpers
	tb.Helper()
	ctx, shut := chromedp.NewContext(parent, opts...)
	tb.Cleanup(shut)
	ctx, cancel := context.WithTimeout(ctx, longest)
	tb.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatal(err)
	}
	return ctx
}

// Close ends Chromium, where a test has opened a window. A process calls it when its tests are over.
func Close() {
	for _, end := range browser.close {
		end()
	}
}

// start starts the browser itself. The tab it begins with stays as it is: while the browser still loads that one, it may forget where a test sends it.
func start() {
	path, err := exec.LookPath("chromium")
	if err != nil {
		browser.err = errNone
		return
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(longest),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("accept-lang", "en-US"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1"))
	alloc, end := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, quit := chromedp.NewContext(alloc)
	browser.ctx, browser.close = ctx, []func(){quit, end}
	_, browser.err = chromedp.Targets(ctx)
}
