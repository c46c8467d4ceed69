package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"
)

// durationBetween reads a duration in Prometheus' syntax, within bounds.
func durationBetween(least, most time.Duration) func(string) (time.Duration, error) {
	bounds := fmt.Sprintf("choose from %s to %s", model.Duration(least), model.Duration(most))
	return func(s string) (time.Duration, error) {
		d, err := model.ParseDuration(s)
		switch v := time.Duration(d); {
		case err != nil && isNumber(s) && !strings.HasPrefix(s, "-"):
			return 0, errors.New("has no unit: write 1h, 30m or 1d")
		case err != nil && strings.HasPrefix(s, "-"):
			return 0, fmt.Errorf("is negative: %s", bounds)
		case err != nil && strings.Contains(err.Error(), "out of range"):
			return 0, fmt.Errorf("is too long: %s", bounds)
		case err != nil:
			return 0, errors.New("is not a Prometheus duration: write 1h, 30m or 1d")
		case v == 0 && least > 0:
			return 0, fmt.Errorf("is zero: %s", bounds)
		case v < least:
			return 0, fmt.Errorf("is too short: %s", bounds)
		case v > most:
			return 0, fmt.Errorf("is too long: %s", bounds)
		default:
			return v, nil
		}
	}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func atLeast(least int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0, fmt.Errorf("is not a whole number: choose %d or more", least)
		}
		if n < least {
			return 0, fmt.Errorf("is too small: choose %d or more", least)
		}
		return n, nil
	}
}

// size reads a number of bytes, in powers of two where it has a unit.
func size(s string) (int64, error) {
	const least = 64 << 10 // the answers of a small cluster need as much
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		var b units.Base2Bytes
		b, err = units.ParseBase2Bytes(s)
		n = int64(b)
	}
	if err != nil {
		return 0, errors.New("is not a size: write 64MiB or 1GiB")
	}
	if n < least {
		return 0, errors.New("is too small: choose 64KiB or more")
	}
	return n, nil
}

func boolean(s string) (bool, error) {
	if s == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		return false, errors.New("is neither true nor false: write one of them")
	}
	return b, nil
}

// choice reads one of the options.
func choice(options ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(options, s) {
			return "", fmt.Errorf("is unknown: choose %s", strings.Join(options, ", "))
		}
		return s, nil
	}
}

func isThisHost(name string) bool {
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.IsLoopback()
}
