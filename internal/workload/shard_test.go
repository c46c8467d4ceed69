package workload

import (
	"fmt"
	"testing"
)

func TestParseShard(t *testing.T) {
	for text, want := range map[string]string{
		"0/1":  "",
		"0/3":  "",
		"2/3":  "",
		"3/3":  "is beyond the last shard: they count from 0, so the last is 2/3",
		"1/1":  "is beyond the last shard: they count from 0, so the last is 0/1",
		"0/0":  "is a shard of none: write 0/1 for everything",
		"x":    "is not a shard: write 0/3 for the first of three, 0/1 for everything",
		"":     "is not a shard: write 0/3 for the first of three, 0/1 for everything",
		"1":    "is not a shard: write 0/3 for the first of three, 0/1 for everything",
		"-1/3": "is not a shard: write 0/3 for the first of three, 0/1 for everything",
		"1/2/": "is not a shard: write 0/3 for the first of three, 0/1 for everything",
	} {
		t.Run(text, func(t *testing.T) {
			shard, err := ParseShard(text)
			if want != "" {
				if err == nil || err.Error() != want {
					t.Errorf("error %v, want %s", err, want)
				}
				return
			}
			if err != nil || shard.String() != text {
				t.Errorf("became %s, error %v", shard, err)
			}
		})
	}
}

func TestEveryNamespaceIsOneShards(t *testing.T) {
	for count := 1; count <= 7; count++ {
		held := make([]int, count)
		for n := range 1000 {
			namespace, holders := fmt.Sprintf("team-%d", n), 0
			for i := range held {
				shard, err := ParseShard(fmt.Sprintf("%d/%d", i, count))
				if err != nil {
					t.Fatal(err)
				}
				if shard.Holds(namespace) {
					held[i]++
					holders++
				}
			}
			if holders != 1 {
				t.Fatalf("%s is held by %d shards of %d", namespace, holders, count)
			}
		}
		for i, n := range held {
			if fair := 1000 / count; n < fair*8/10 || n > fair*12/10+1 {
				t.Errorf("%d/%d holds %d of 1000 namespaces, %d would be fair", i, count, n, fair)
			}
		}
	}
}

// The rule is for ever: these are from xxhsum -H64, the algorithm's own program.
func TestShardOfKnownNamespaces(t *testing.T) {
	for namespace, want := range map[string]string{
		"seldon": "2/5", "default": "1/5", "models": "2/5",
	} {
		for i := range 5 {
			shard, err := ParseShard(fmt.Sprintf("%d/5", i))
			if err != nil {
				t.Fatal(err)
			}
			if got := shard.Holds(namespace); got != (shard.String() == want) {
				t.Errorf("%q in %s: %t, want it in %s", namespace, shard, got, want)
			}
		}
	}
	if !(Shard{}).Holds("seldon") || (Shard{}).String() != "0/1" {
		t.Error("the zero shard does not hold everything")
	}
}
