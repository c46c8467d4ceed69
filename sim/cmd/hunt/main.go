package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/seldon-prometheus-exporter/seldon-prometheus-exporter/sim/histories"
)

func main() {
	seeds := flag.String("seeds", "", "")
	from := flag.Uint64("from", 0, "")
	n := flag.Uint64("n", 0, "")
	tmp := flag.Bool("tmp", false, "")
	doShrink := flag.Bool("shrink", true, "")
	flag.Parse()
	ctx := context.Background()
	var all []histories.Named
	if *seeds != "" {
		for _, x := range strings.Split(*seeds, ",") {
			v, _ := strconv.ParseUint(x, 10, 64)
			all = append(all, histories.Random(v))
		}
	}
	for i := range *n {
		if *tmp && pickSeed(*from+i) {} else if *tmp { all = append(all, histories.Tmp(*from+i)) } else { all = append(all, histories.Random(*from+i)) }
	}
	for len(all) > 0 {
		batch := all[:min(200, len(all))]
		all = all[len(batch):]
		t := time.Now()
		out, err := judge(ctx, batch)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("#", len(batch), "in", time.Since(t))
		for i, o := range out {
			if !o.failed() {
				continue
			}
			fmt.Println(batch[i].Name, o.err)
			for _, d := range o.deviations {
				fmt.Println("   ", d)
			}
			if *doShrink {
				small, so, err := shrink(ctx, batch[i], o)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(story(small, so))
			}
		}
	}
}

func pickSeed(v uint64) bool {
	s := os.Getenv("PICK")
	if s == "" {
		return false
	}
	for _, x := range strings.Split(s, ",") {
		if x == strconv.FormatUint(v, 10) {
			return false
		}
	}
	return true
}
