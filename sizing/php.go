package sizing

// Sizing of one WordPress pod. Every number that depends on another is computed here, and Apache's and PHP's settings
// are rendered from these: with memory.oom.group, one process above the limit kills all of them.
const (
	// WordPressProcesses is the number of Apache processes, each of which serves one request at a time.
	WordPressProcesses = 8
	// UploadMiB is the largest request body, which PHP writes to /tmp.
	UploadMiB = 64

	// PHPMemoryMiB is PHP's memory_limit for one request. ImageMemoryMiB is ImageMagick's memory beside it. Beyond
	// that, ImageMagick writes to /tmp, ImageDiskMiB at most: a decoded 24-megapixel picture needs 192 MiB.
	PHPMemoryMiB   = 256
	ImageMemoryMiB = 64
	ImageDiskMiB   = 256
	// ProcessMemoryMiB is a process's memory without a request: PHP with its extensions. It is an estimate, to be
	// measured with the image (docs/unproven.md).
	ProcessMemoryMiB = 24
	// OPcacheMiB is the compiled code that the processes share. ServerMemoryMiB is Apache's parent process, and the
	// page cache of the entrypoint's copy into the document root.
	OPcacheMiB      = 128
	ServerMemoryMiB = 64
)

// WordPressMemoryMiB is the most that all processes of a WordPress container take together.
const WordPressMemoryMiB = WordPressProcesses*(PHPMemoryMiB+ImageMemoryMiB+ProcessMemoryMiB) + OPcacheMiB + ServerMemoryMiB

// WordPressTmpMiB is the most that they write to /tmp: an upload each, and a picture each.
const WordPressTmpMiB = WordPressProcesses * (UploadMiB + ImageDiskMiB)

// Sizing of the health page, which allocates almost nothing.
const (
	HealthProcesses        = 20
	HealthPHPMemoryMiB     = 8
	HealthProcessMemoryMiB = 6
	HealthServerMemoryMiB  = 32 // Apache's parent and the page's compiled code
)

// HealthMemoryMiB is the most that all processes of a health page's container take together.
const HealthMemoryMiB = HealthProcesses*(HealthPHPMemoryMiB+HealthProcessMemoryMiB) + HealthServerMemoryMiB
