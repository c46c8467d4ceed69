package process

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// AwaitReady waits until a URL of the process answers with 200. It fails if the process ends
// before, and when ctx does.
func (p *Process) AwaitReady(ctx context.Context, url string) error {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for !isReady(ctx, url) {
		select {
		case <-poll.C:
		case <-p.Done():
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", ctx.Err())
		}
	}
	return nil
}

func isReady(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
