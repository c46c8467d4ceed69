package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// peakOf returns the most memory in bytes that a running process has had.
func peakOf(pid int) (int64, error) {
	kib, err := procField(filepath.Join("/proc", strconv.Itoa(pid), "status"), "VmHWM")
	return kib << 10, err
}

// procField returns the number that follows a name and a colon in a file of /proc.
func procField(path, name string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strconv.ParseInt(strings.Fields(value)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s tells no %s", path, name)
}
