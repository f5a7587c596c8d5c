// SPDX-License-Identifier: GPL-2.0

// heap DIRECTORY: the runtime, with some heap and goroutines; see protocol.h.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const nrBlocks, blockSize, nrWorkers = 4000, 8192, 4

var blocks [nrBlocks][]byte
var tags [nrBlocks]byte

func fill(i int, tag byte) {
	tags[i] = tag
	blocks[i] = make([]byte, blockSize)
	for j := range blocks[i] {
		blocks[i][j] = tag
	}
}

func check(n, worker int) string {
	for i := worker; i < nrBlocks; i += nrWorkers {
		for _, b := range blocks[i] {
			if b != tags[i] {
				return fmt.Sprintf("fail step %d: block %d", n, i)
			}
		}
	}
	return "ok"
}

func step(n int) string {
	var results [nrWorkers]string
	var group sync.WaitGroup

	for w := range results {
		group.Add(1)
		go func(w int) {
			defer group.Done()
			results[w] = check(n, w)
		}(w)
	}
	group.Wait()
	for _, result := range results {
		if result != "ok" {
			return result
		}
	}
	for i := n % 8; i < nrBlocks; i += 8 {
		fill(i, tags[i]+1)
	}
	return "ok"
}

func report(directory string, n int, text string) {
	temporary := filepath.Join(directory, "temporary")
	if os.WriteFile(temporary, []byte(text), 0o600) != nil ||
		os.Rename(temporary, filepath.Join(directory, fmt.Sprintf("done-%d.%d", n, os.Getpid()))) != nil {
		os.Exit(1)
	}
}

func main() {
	directory := os.Args[1]
	for i := range blocks {
		fill(i, byte(i))
	}
	report(directory, 0, "ok")
	for n := 1; ; n++ {
		for {
			if _, err := os.Stat(filepath.Join(directory, fmt.Sprintf("go-%d", n))); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		report(directory, n, step(n))
	}
}
