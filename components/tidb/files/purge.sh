# Takes a lost region out of the database. It can be repeated.
echo "$REGION is to be given up: its Placement Driver, $MEMBER, will be no member, and the data of its store, $STORE, counts as destroyed."
echo "Nothing is removed unless both have been down for half a minute."

# Prints the names of the healthy members.
healthy() {
  echo "$health" | while read -r key value; do
    case $key$value in
    '"name":'*) name=${value%\"*} && name=${name#\"} ;;
    '"health":true'*) echo "$name" ;;
    esac
  done
}

down=0 checks=0 why=
while [ "$down" -lt 6 ]; do
  if [ "$checks" -ge 24 ]; then
    echo "refused: $why. Nothing was removed."
    exit 1
  fi
  checks=$((checks + 1)) why=
  if ! health=$(get health) || ! stores=$(get stores); then
    why="PD does not answer. Without a quorum, see docs/regions.md for the loss of two regions"
  elif healthy | grep -q "^$MEMBER\$"; then
    why="$REGION lives, because $MEMBER is healthy"
  elif stores_at "$STORE" | grep -q ' Up$'; then
    why="$REGION lives, because $STORE is up"
  fi
  if [ -n "$why" ]; then
    echo "$why: waiting"
    down=0
  else
    down=$((down + 1))
  fi
  sleep 5
done

# A new store may register at the address once PD counts the old one as destroyed. That one becomes a tombstone when its
# replicas have been replaced.
until stores=$(get stores) && stores_at "$STORE" | while read -r id state; do
  echo "store $id at $STORE, $state, counts as destroyed"
  request DELETE "store/$id?force=true" '' || exit 1
done; do sleep 5; done
remove_member "$MEMBER"
echo "$REGION is no part of the database"
