# Takes a region out of the database while it lives. It can be interrupted and repeated.
echo "$REGION leaves: its data moves to the other regions, then its Placement Driver, $MEMBER, stops being a member."
sleep "$LEAVE_SECONDS" &
served=$!

until request POST config/replicate "{\"max-replicas\": $REPLICAS}" && place "$REPLICAS"; do sleep 5; done
echo "$REPLICAS replicas"
until stores=$(get stores) && left=$(stores_at "$STORE") && [ -z "$left" ]; do
  if [ -n "$stores" ]; then
    echo "$left" | while read -r id state; do
      if [ "$state" = Offline ]; then
        echo "store $id has data left"
      else
        request DELETE "store/$id" '' || true
      fi
    done
  fi
  sleep 5
done
echo "the store has no data left"

until leader=$(get leader) && ! echo "$leader" | grep -q "\"name\": *\"$MEMBER\""; do
  if [ -n "$leader" ]; then
    echo "$MEMBER hands over the leadership"
    request POST leader/resign '' || true
  fi
  sleep 5
done
remove_member "$MEMBER"

# Some of the load balancer's front ends may still send visitors.
wait "$served"
echo "$REGION is no part of the database"
