# call SECONDS [OPTION...] URL requests a page of a database server, with the region's certificate, and fails unless it succeeds.
call() { curl -sS --fail-with-body --cacert /etc/database-tls/ca.crt --cert /etc/database-tls/tls.crt --key /etc/database-tls/tls.key -m "$@"; }

