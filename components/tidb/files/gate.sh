# Exits once every Placement Driver has been healthy, and every store up, for 30 seconds.
if [ -z "$DATABASE_STANDS" ]; then
  echo "there is no database yet: the gate opens at once"
  exit 0
fi

# A kubelet writes a renewed certificate into a running pod within a minute or two. This pod has it from its start.
certificate=$(cat /etc/database-tls/tls.crt)

# PD reports a store as up for 20 seconds after its last heartbeat, so one check is not enough.
checks=0
while [ "$checks" -lt 6 ]; do
  checks=$((checks + 1))
  wrong=
  if health=$(call 5 -w '%{certs}' "$PD/pd/api/v1/health") && stores=$(call 5 "$PD/pd/api/v1/stores"); then
    echo "$health" | grep -q '"health": *true' || wrong="no Placement Driver is healthy"
    if echo "$health" | grep -q '"health": *false'; then wrong="a Placement Driver is not healthy"; fi
    case $health in *"$certificate"*) ;; *) wrong="the region's Placement Driver does not have the new certificate yet" ;; esac
    states=$(echo "$stores" | grep -o '"state_name": *"[A-Za-z]*"') || wrong="there is no store"
    if echo "$states" | grep -v '"Up"' | grep -q state_name; then wrong="a store is not up"; fi
  else
    wrong="the region's Placement Driver does not answer"
  fi
  if [ -n "$wrong" ]; then
    echo "$wrong: waiting"
    checks=0
  fi
  sleep 5
done
echo "every Placement Driver is healthy, every store is up"
