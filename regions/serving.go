package regions

import (
	"fmt"
	"math"
)

// What one WordPress pod is sized for. Every number that follows from another is computed here, and Apache's and PHP's
// settings are rendered from these: with memory.oom.group, one process above the limit would end all of them.
const (
	// WordPressProcesses are Apache's, each of which serves one request at a time.
	WordPressProcesses = 8
	// UploadMiB is the largest request: PHP writes what it receives to /tmp.
	UploadMiB = 64

	// PHPMemoryMiB is PHP's memory_limit for one request, and ImageMemoryMiB what ImageMagick takes beside it, beyond
	// which it writes to /tmp, ImageDiskMiB at most: the decoded picture of a camera of 24 megapixels needs 192.
	PHPMemoryMiB   = 256
	ImageMemoryMiB = 64
	ImageDiskMiB   = 256
	// ProcessMemoryMiB is a process's own without the request: PHP with its extensions, an estimate that is to be
	// measured with the image (docs/unproven.md).
	ProcessMemoryMiB = 24
	// OPcacheMiB is the compiled code that the processes share, and ServerMemoryMiB Apache's parent, and the entrypoint's
	// copying into the document root, which is page cache.
	OPcacheMiB      = 128
	ServerMemoryMiB = 64
)

// WordPressMemoryMiB is the most that all processes of a WordPress container take together.
const WordPressMemoryMiB = WordPressProcesses*(PHPMemoryMiB+ImageMemoryMiB+ProcessMemoryMiB) + OPcacheMiB + ServerMemoryMiB

// WordPressTmpMiB is the most that they write to /tmp: an upload each, and a picture each.
const WordPressTmpMiB = WordPressProcesses * (UploadMiB + ImageDiskMiB)

// What a page takes, and how much of the processes' time may be taken before visitors are sent to another region: the
// rest is for the cron, uploads, and requests that come in bunches.
//
// A front page of 29 statements takes a region without the database's leaders some 0.7 s at a round trip of 10 ms to them
// (docs/figures.md: an estimate from measured statements), of which 0.07 s are PHP's.
const (
	PageMilliseconds = 750
	BusyPercent      = 80
)

// RequestsPerMachine is the rate, in requests a second, above which the load balancer sends a region's visitors on to
// another: what the processes of the WordPress pods on one machine serve. Pods are spread over the machines.
func (c *Config) RequestsPerMachine(r Region) float64 {
	pods := (c.Replicas.WordPress + r.Nodes - 1) / r.Nodes
	return math.Floor(float64(pods*WordPressProcesses) * BusyPercent / 100 * 1000 / PageMilliseconds)
}

// The health page's processes, and what they take: the page allocates next to nothing.
const (
	HealthProcesses        = 20
	HealthPHPMemoryMiB     = 8
	HealthProcessMemoryMiB = 6
	HealthServerMemoryMiB  = 32 // Apache's parent and the page's compiled code
)

// HealthMemoryMiB is the most that all processes of a health page's container take together.
const HealthMemoryMiB = HealthProcesses*(HealthPHPMemoryMiB+HealthProcessMemoryMiB) + HealthServerMemoryMiB

// mebibytes is an amount as a Kubernetes quantity.
func mebibytes(n int) string { return fmt.Sprintf("%dMi", n) }
