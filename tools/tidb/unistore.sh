#!/bin/sh
# Copies unistore, the store of TiDB's own tests, from TiDB's module to tools/tidb/unistore, which git ignores, and corrects a
# defect: a reverse scan creates its iterator before it sets the timestamp, so it reads newer data than a stale read may. And lets it use certificates.
# (go build's -overlay refuses files of the module cache, and a replaced module would be compiled again as a whole.)
set -eu
cd "$(dirname "$0")"
original=$(go list -m -f '{{.Dir}}' github.com/pingcap/tidb)/pkg/store/mockstore/unistore
rm -rf unistore
(cd "$original" && find . -mindepth 2 -name '*.go' ! -name '*_test.go') | while read -r file; do
	mkdir -p "unistore/$(dirname "$file")"
	sed 's,"github.com/pingcap/tidb/pkg/store/mockstore/unistore/,"geo-wordpress/tools/tidb/unistore/,' "$original/$file" >"unistore/$file"
done
# It talks to the Placement Drivers as the store's certificate permits.
client=unistore/pd/client.go
sed -i 's,"http://"+addr,"https://"+addr,; s,insecure\.NewCredentials(),Credentials,; s,"google.golang.org/grpc/credentials/insecure","google.golang.org/grpc/credentials",' "$client"
[ "$(grep -c 'Credentials)\|"https://"+addr' "$client")" = 2 ] || { echo "$0: $client no longer connects as it did" >&2; exit 1; }
cat >>"$client" <<'END'

// Credentials are those of all connections to the Placement Drivers.
var Credentials credentials.TransportCredentials
END
reader=unistore/tikv/dbreader/db_reader.go
awk '
	/^\titer := r\.getReverseIter\(\)$/ { held = $0; next }
	held != "" {
		if ($0 !~ /^\tr\.txn\.SetReadTS\(startTS\)$/) exit 1
		print; print held; held = ""; swapped++; next
	}
	{ print }
	END { if (swapped != 1) exit 1 }
' "$reader" >"$reader.new" || { echo "$0: ReverseScan is no longer the one that this corrects" >&2; exit 1; }
mv "$reader.new" "$reader"
