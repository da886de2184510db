# Functions for the API of the region's own Placement Driver, which passes requests on to the leader.

# PD asks its members for their health one after the other, and waits three seconds for each that is gone.
get() { call 15 "https://$PD_HOST:$PD_PORT/pd/api/v1/$1"; }

# request METHOD PATH BODY
request() {
  if ! answer=$(call 15 -X "$1" -H 'Content-Type: application/json' -d "$3" "https://$PD_HOST:$PD_PORT/pd/api/v1/$2"); then
    echo "$1 $2: ${answer:-no answer}"
    return 1
  fi
}

# stores_at ADDRESS: prints the ID and the state of every store there that is no tombstone. $stores is PD's list.
stores_at() {
  echo "$stores" | while read -r key value; do
    value=${value%,} && value=${value#\"} && value=${value%\"}
    case $key in
    '"id":') id=$value ;;
    '"address":') at=$value ;;
    '"state_name":') if [ "$at" = "$1" ]; then echo "$id $value"; fi ;;
    esac
  done
}

# place REPLICAS: puts the leaders of all data into the region PRIMARY, if it is set, and makes its PRIMARY_MEMBER lead PD.
# While the region is lost, the others elect leaders as always. PD looks at the priorities once a minute; a member that is new has 0.
place() {
  priority=-1
  if [ -n "$PRIMARY" ]; then
    rule='"start_key": "", "end_key": "", "location_labels": ["region"], "isolation_level": "region"'
    request POST config/placement-rule/geo-wordpress '{"group_id": "geo-wordpress", "group_index": 1, "group_override": true, "rules": [
{"group_id": "geo-wordpress", "id": "leader", "role": "leader", "count": 1, '"$rule"',
 "label_constraints": [{"key": "region", "op": "in", "values": ["'"$PRIMARY"'"]}]},
{"group_id": "geo-wordpress", "id": "others", "role": "voter", "count": '$(($1 - 1))', '"$rule"',
 "label_constraints": [{"key": "region", "op": "notIn", "values": ["'"$PRIMARY"'"]}]}]}' || return
  else
    request DELETE config/placement-rule/geo-wordpress '' || return
    priority=0
  fi
  for member in $MEMBERS; do
    own=$priority
    if [ "$member" = "$PRIMARY_MEMBER" ]; then own=1; fi
    request POST "members/name/$member" "{\"leader-priority\": $own}" || return
  done
}

# has_member NAME: whether a Placement Driver is a member. It fails if PD does not answer.
has_member() {
  members=$(get members) || return 2
  echo "$members" | grep -q "\"name\": *\"$1\""
}

# remove_member NAME: removes a Placement Driver, unless that has happened already.
remove_member() {
  while :; do
    gone=0 && has_member "$1" || gone=$?
    if [ "$gone" = 1 ]; then break; fi
    request DELETE "members/name/$1" '' || true
    sleep 5
  done
  echo "$1 is no member"
}
