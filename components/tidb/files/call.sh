# call SECONDS [OPTION...] URL requests a page of a database server, with the region's certificate, and fails unless it succeeds.
# On etcd's port for members, answers over HTTP/2 break off.
call() {
  curl -sS --fail-with-body --http1.1 --cacert /etc/database-tls/ca.crt --cert /etc/database-tls/tls.crt --key /etc/database-tls/tls.key -m "$@"
}

