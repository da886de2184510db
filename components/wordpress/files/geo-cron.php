<?php
/**
 * Plugin Name: Geo WordPress: one cron at a time
 * Description: The crons of all regions start at the same moment. WordPress reads its own lock before it writes it, so all of them would run every event. A database lock admits one.
 */
if ( wp_doing_cron() ) {
	require_once '/etc/geo-wordpress/lock.php';
	// PHP closes the connection, and thereby releases the lock, however the run ends.
	$GLOBALS['geo_wordpress_cron_lock'] = geo_wordpress_lock( 'cron', 1 );
	if ( false === $GLOBALS['geo_wordpress_cron_lock'] ) {
		exit( "another cron is running\n" );
	}
	if ( null === $GLOBALS['geo_wordpress_cron_lock'] ) {
		http_response_code( 503 ); // the CronJob retries
		exit( "the database does not answer\n" );
	}
	// These were read before the lock was taken, and another cron may have run the events since.
	wp_cache_delete( 'alloptions', 'options' );
	wp_cache_delete( 'cron', 'options' );
}
