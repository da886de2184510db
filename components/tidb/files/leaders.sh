# Waits until the leaders are in the region PRIMARY, whose store is STORE, so that leaderz.php passes there alone. What writes
# is sent there after this.

# Prints the number of leaders of STORE, and the most that another store has.
counts() {
  echo "$stores" | {
    own=0 most=0
    while read -r key value; do
      value=${value%,} && value=${value#\"} && value=${value%\"}
      case $key in
      '"address":') at=$value ;;
      '"leader_count":')
        if [ "$at" = "$STORE" ]; then own=$value; elif [ "$value" -gt "$most" ]; then most=$value; fi
        ;;
      esac
    done
    echo "$own $most"
  }
}

counts=
until stores=$(get stores) && counts=$(counts) && own=${counts% *} && [ "$own" -gt "$((2 * ${counts#* }))" ]; do
  echo "the leaders are not in $PRIMARY yet: ${counts:-PD does not answer}"
  sleep 5
done
echo "$own leaders are in $PRIMARY"
