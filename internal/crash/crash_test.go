package crash

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	fails := errors.New("fails")
	if v, err := Guard(func() (int, error) { return 7, fails }); v != 7 || !errors.Is(err, fails) || StackOf(err) != nil {
		t.Errorf("%d, %v", v, err)
	}
	_, err := Guard(func() (int, error) { return []int{}[len(t.Name())-9], nil })
	if stack := StackOf(fmt.Errorf("window: %w", err)); err == nil || !strings.HasPrefix(err.Error(), "panic: runtime error: index out of range") || !strings.Contains(fmt.Sprint(stack), "TestGuard") {
		t.Errorf("error %v, stack %v", err, stack)
	}
}
