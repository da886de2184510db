<?php
/**
 * Plugin Name: Probe
 * Description: The conformance tests' own: it runs statements and events as plugins do.
 */

// An event takes its time and leaves a row.
add_action(
	'geo_probe_event',
	function ( $number ) {
		global $wpdb;
		usleep( 300000 );
		$wpdb->insert( 'wp_probe', array( 'number' => $number, 'host' => gethostname() ) );
	}
);

/** Each statement's rows, what FOUND_ROWS() says of it, and what went wrong. */
function geo_probe_rows( array $statements ): array {
	global $wpdb;
	$wpdb->suppress_errors( true );
	$answers = array();
	foreach ( $statements as $name => $statement ) {
		$rows    = $wpdb->get_results( $statement, ARRAY_N );
		$errors  = $wpdb->last_error;
		$found   = $wpdb->get_var( 'SELECT FOUND_ROWS()' );
		$errors .= $wpdb->last_error;
		$answers[ $name ] = array( 'rows' => is_array( $rows ) ? count( $rows ) : -1, 'found' => (int) $found, 'error' => $errors );
	}
	return $answers;
}

/** How this request reads, and a value that it has read. */
function geo_probe_reads( string $value = '' ): array {
	global $wpdb;
	$error = $wpdb->last_error;
	$how   = $wpdb->get_row( 'SELECT @@tidb_read_staleness AS staleness, @@tidb_replica_read AS replicas', ARRAY_A );
	return $how + array( 'value' => $value, 'error' => $error );
}

add_action(
	'init',
	function () {
		$body = json_decode( file_get_contents( 'php://input' ), true );
		switch ( $_GET['geo_probe'] ?? '' ) {
			case 'rows':
				wp_send_json( geo_probe_rows( $body ) );
				// It ends here.
			case 'events':
				foreach ( $body as $number ) {
					wp_schedule_single_event( time() - 60, 'geo_probe_event', array( $number ) );
				}
				wp_send_json( true );
				// It ends here.
			case 'environment':
				wp_send_json( wp_get_environment_type() );
				// It ends here.
			case 'reads':
				wp_send_json( geo_probe_reads() );
				// It ends here.
			case 'writes':
				update_option( 'geo_probe_value', $_GET['value'] );
				wp_cache_delete( 'geo_probe_value', 'options' );
				wp_cache_delete( 'alloptions', 'options' );
				wp_send_json( geo_probe_reads( get_option( 'geo_probe_value' ) ) );
				// It ends here.
			case 'schedules':
				wp_schedule_single_event( time() + 3600, 'geo_probe_later', array( (int) $_GET['number'] ) );
				wp_send_json( geo_probe_reads() );
				// It ends here.
			case 'scheduled':
				$found = array_filter( range( 0, 9 ), fn( $n ) => wp_next_scheduled( 'geo_probe_later', array( $n ) ) );
				wp_send_json( geo_probe_reads( implode( ',', $found ) ) );
				// It ends here.
			case 'fresh':
				global $wpdb;
				wp_send_json( geo_probe_reads( (string) $wpdb->get_var( 'SELECT id FROM wp_geo_fresh' ) ) );
				// It ends here.
			case 'sql':
				global $wpdb;
				$errors = array();
				foreach ( $body as $statement ) {
					if ( false === $wpdb->query( $statement ) ) {
						$errors[] = "$statement: {$wpdb->last_error}";
					}
				}
				wp_send_json( $errors );
		}
	},
	99
);
