# Decides how the region's Placement Driver (PD) starts, and writes its configuration. In every order of starts and at
# every interruption, there must never be a second cluster, and never a member that has lost what it once confirmed.
# - A member's log on the disk: it goes on, unless the others have removed it. That is for the operator to resolve.
#   A member that joined, and ended before the others had its name, may know no peer yet. If its machine was lost then,
#   the others go on writing to the old connection, and it may wait for as long as TCP keeps that. It joins once more.
# - No log, and others with a quorum: it joins them as a new member. Whatever they list of this one, by its name or
#   address, is what is left of a lost disk or of a join that was cut off, and is removed first. Except that a founder
#   that never started starts as one, because that needs no change of the members.
# - No log, and no quorum: only a founder starts, only before the database was first complete, and only if no answer says
#   that it has run before. A founder alone is no quorum. Everyone else waits for a quorum.
# FOUNDERS is recorded when the region's database is declared first: the members if there was no database, else empty.
data=/var/lib/pd
base=/etc/pd-base/pd.toml
config=/etc/pd/pd.toml
set -f

say() { [ "$1" = "$said" ] || echo "$1"; said=$1; }
said=

fail() { echo "$1" >&2; exit 1; }

# start INITIAL-CLUSTER STATE REASON writes the configuration.
start() {
  { echo "initial-cluster = \"$1\""; echo "initial-cluster-state = \"$2\""; cat "$base"; } >"$config"
  echo "$3"
  exit 0
}

get() { call 3 "$1" 2>/dev/null; }
post() { call 10 -o /dev/null -d "$2" "$quorum:2379/v3/cluster/member/$1" 2>/dev/null; }

# ask sets answers to the members that the others list; if some have a quorum, to what these list, and quorum to one of
# them. A list that was asked for after a health check is at least as new as the check: it read through the quorum.
ask() {
  answers= quorum=
  for member in $(echo "$MEMBERS" | grep -o 'https://[^,]*'); do
    host=${member%:*}
    if [ "$member" = "$PEER_URL" ]; then continue; fi
    list=$(get "$member/members") && [ -n "$list" ] || continue
    if ! get "$host:2379/health" | grep -q true; then
      [ -n "$quorum" ] || answers="$answers$list"
    elif list=$(get "$member/members"); then
      [ -n "$quorum" ] || answers=
      if [ -n "$quorum" ] && ! echo "$list" | grep -q "\"$quorum:"; then
        fail "$host and $quorum belong to different clusters: stop the one that does not have the data"
      fi
      quorum=$host answers="$answers$list"
    fi
  done
  understand
}

# understand reads answers.
understand() {
  own= listed= ran= foreign= joining= founders=yes virgin=yes all=
  for entry in $(echo "$answers" | grep -o '{[^{}]*}'); do
    id=${entry#*'"id":'} id=${id%%,*}
    url=https://${entry#*https://} url=${url%%'"'*} # the peer URL comes first
    name=
    case $entry in *'"name":"'*) name=${entry#*'"name":"'} name=${name%%'"'*} ;; esac
    case $entry in *'"clientURLs"'*) virgin= published=yes ;; *) published= ;; esac
    if [ "$name" = "$NAME" ] || [ "$url" = "$PEER_URL" ]; then
      own=$id listed="$name=$url" ran=$ran$published name=$NAME
    elif [ -z "$name" ]; then
      joining=$url
    fi
    case ",$MEMBERS," in *",$name="* | *"=$url,"*) ;; *) foreign=$name ;; esac
    case ",$FOUNDERS," in *",$name=$url,"*) ;; *) founders= ;; esac
    case ",$all," in *",$name=$url,"*) ;; *) all="$all${all:+,}$name=$url" ;; esac
  done
}

# founder says whether this is a founder that has not started before, as far as the answers say.
founder() { [ "$listed" = "$NAME=$PEER_URL" ] && [ -z "$ran$DATABASE_STANDS" ] && [ -n "$FOUNDERS" ]; }

logged() { set +f; set -- "$data"/member/wal/*.wal; set -f; [ -e "$1" ]; }

if logged; then
  ask
  if [ -n "$quorum" ] && [ -z "$own" ]; then
    fail "The others have removed this Placement Driver, and its disk still has its data, so it cannot come back with it. \
If its region is to stay, give it an empty disk: see docs/operating.md."
  fi
  if [ -z "$quorum" ] || [ "${listed%%=*}" ]; then start "$MEMBERS" new "starts with its data"; fi
  say "gives up its log: its join was cut off before the others had its name"
  rm -rf "$data/member"
fi

while :; do
  ask
  if [ -z "$quorum" ]; then
    if [ -z "$FOUNDERS" ] || [ -n "$DATABASE_STANDS" ]; then
      say "waits: the disk is empty, the database exists, and no other Placement Driver has a quorum"
    elif [ -z "$answers" ]; then
      start "$FOUNDERS" new "founds the cluster: no other member answers yet"
    elif founder && [ -n "$founders" ]; then
      start "$FOUNDERS" new "founds the cluster with the others"
    elif founder && [ -n "$virgin" ]; then
      start "$all" new "founds the cluster with those that began with other members: $all"
    else
      say "waits: the disk is empty, and others answer, but without a quorum: $all"
    fi
  elif [ -n "$foreign" ]; then
    fail "The Placement Drivers list $foreign, which is not in the configuration. If its region is gone for good, remove \
it, in a pod of PD in any other region: /pd-ctl -u https://localhost:2379 --cacert /etc/database-tls/ca.crt \
--cert /etc/database-tls/tls.crt --key /etc/database-tls/tls.key member delete name $foreign"
  elif founder && [ -n "$founders" ]; then
    start "$FOUNDERS" new "founds the cluster with the others, as the last one"
  elif [ -n "$own" ]; then
    say "removes the member $listed with the ID $own: its disk is lost, or its join was cut off"
    post remove "{\"ID\":\"$own\"}" || say "waits: the others refuse to remove the member $own"
  elif [ -n "$joining" ]; then
    say "waits: $joining is joining"
  elif post add "{\"peerURLs\":[\"$PEER_URL\"]}" && answers=$(get "$quorum:2380/members"); then
    understand
    if [ -n "$own" ]; then start "$all" existing "joins $all"; fi
  else
    say "waits: the others add no member while one of them is down or has just started"
  fi
  sleep 2
done
