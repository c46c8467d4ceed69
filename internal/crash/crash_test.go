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
	if inGoroutine := Func(func() error { panic("at the disco") })(); inGoroutine == nil || inGoroutine.Error() != "panic: at the disco" || !errors.Is(Func(func() error { return fails })(), fails) {
		t.Errorf("in a goroutine: %v", inGoroutine)
	}
	if stack := StackOf(fmt.Errorf("window: %w", err)); err == nil || !strings.HasPrefix(err.Error(), "panic: runtime error: index out of range") || !strings.Contains(fmt.Sprint(stack), "TestGuard") {
		t.Errorf("error %v, stack %v", err, stack)
	}
}
