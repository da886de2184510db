# Functions for the API of the region's own Placement Driver, which passes requests on to the leader.

# PD asks its members for their health one after the other, and waits three seconds for each that is gone.
get() { wget -q -T 15 -O - "http://$PD_HOST:$PD_PORT/pd/api/v1/$1"; }

# request METHOD PATH BODY: BusyBox's wget sends neither DELETE nor JSON. The input of nc stays open for a while, because
# the server cancels a request whose client has closed its end.
request() {
  answer=$({
    printf '%s /pd/api/v1/%s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' \
      "$1" "$2" "$PD_HOST" "${#3}" "$3"
    sleep 3
  } | nc -w 10 "$PD_HOST" "$PD_PORT") || answer=
  case $answer in
  'HTTP/1.'?' 200'*) ;;
  *)
    echo "$1 $2: ${answer:-no answer}"
    return 1
    ;;
  esac
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
