package cluster

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// hash returns a number that depends on the words alone.
func hash(words ...string) uint64 {
	h := fnv.New64a()
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	// FNV's low bits follow the last byte too closely to choose a shard by.
	v := h.Sum64()
	v ^= v >> 32
	v *= 0x9e3779b97f4a7c15
	return v ^ v>>29
}

// UID returns a pod uid that depends on the words alone.
func UID(words ...string) string {
	a, b := hash(append(words, "a")...), hash(append(words, "b")...)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// containerHash returns the 64 hexadecimal digits that a runtime calls a container by.
func containerHash(uid, container string, run int) string {
	var b strings.Builder
	for i := range 4 {
		fmt.Fprintf(&b, "%016x", hash(uid, container, fmt.Sprint(run), fmt.Sprint(i)))
	}
	return b.String()
}
