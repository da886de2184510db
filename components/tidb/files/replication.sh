# Sets the number of replicas and the place of the leaders, and waits until every region has its part of the data.

# Says why the stores are not those of the configuration, each up, or nothing.
wrong_stores() {
  for store in $STORES; do
    case $(stores_at "$store") in
    *Offline* | *Disconnected* | *Down*) echo "$store is not up, or a store that was there before has replicas left" ;;
    *' Up') continue ;;
    *) echo "$store has not registered" ;;
    esac
    return
  done
}

number() { grep -o "\"$1\": *[0-9]*" | grep -o '[0-9]*$'; }

# Says why the replicas are not all in place, or nothing. PD's lists lag behind, so the replicas are counted too.
wrong_replicas() {
  regions=$(get regions/count | number count) || regions=0
  replicas=0
  for count in $(echo "$stores" | number region_count); do replicas=$((replicas + count)); done
  if [ "$regions" = 0 ] || [ "$replicas" -ne $((regions * REPLICAS)) ]; then
    echo "$replicas replicas of $regions regions, and not $REPLICAS of each"
    return
  fi
  for list in miss-peer extra-peer pending-peer learner-peer down-peer offline-peer; do
    count=$(get "regions/check/$list" | number count) || count=unknown
    if [ "$count" != 0 ]; then
      echo "regions with the state $list: $count"
      return
    fi
  done
}

placed=0 configured=
while [ "$placed" -lt 3 ]; do
  if ! stores=$(get stores); then
    wrong="PD does not answer"
  else
    wrong=$(wrong_stores)
    if [ -z "$wrong" ] && [ -z "$configured" ]; then
      if request POST config/replicate "{\"max-replicas\": $REPLICAS, \"isolation-level\": \"region\"}" && place "$REPLICAS"; then
        configured=yes
      else
        wrong="PD does not take the number of replicas or the place of the leaders"
      fi
    fi
    if [ -z "$wrong" ]; then wrong=$(wrong_replicas); fi
  fi
  if [ -n "$wrong" ]; then
    echo "$wrong: waiting"
    placed=0
  else
    placed=$((placed + 1))
  fi
  sleep 5
done
echo "$REPLICAS replicas of every region are in place"
