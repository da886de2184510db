// The converter of a site's dump and files into a backup. A module of its own: the program does not need TiDB's parser.
module geo-wordpress/tools/movein

go 1.25.0

require (
	github.com/klauspost/compress v1.18.0
	github.com/pingcap/tidb/pkg/parser v0.0.0-20260331085336-4e0b702f38a8
	github.com/spf13/cobra v1.10.1
	golang.org/x/term v0.37.0
	golang.org/x/text v0.31.0
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/pingcap/errors v0.11.5-0.20240311024730-e056997136bb // indirect
	github.com/pingcap/failpoint v0.0.0-20240528011301-b51a646c7c86 // indirect
	github.com/pingcap/log v1.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	go.uber.org/atomic v1.11.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.uber.org/zap v1.27.0 // indirect
	golang.org/x/sys v0.38.0 // indirect
	gopkg.in/natefinch/lumberjack.v2 v2.2.1 // indirect
)
