# figures writes metrics down in Prometheus' text format: Syncthing's own, every minute, and how many files are in conflict,
# every ten minutes, because that reads every directory.
#
# Environment: METRICS, the directory that is served; SYNCTHING, the URL of its API; FOLDER.
minute=0
conflicts=0
figures() {
	if [ $((minute % 10)) -eq 0 ]; then conflicts=$(find "$FOLDER" -name '*.sync-conflict-*' | wc -l); fi
	minute=$((minute + 1))
	{
		echo "# TYPE geo_wordpress_files_conflicts gauge"
		echo "geo_wordpress_files_conflicts $conflicts"
		wget -q -T 5 -O - "$SYNCTHING/metrics" |
			grep -E '^(# TYPE )?syncthing_(connections_active|model_folder_summary)' || true
	} >"$METRICS/.new"
	mv "$METRICS/.new" "$METRICS/metrics"
}
figures
