<?php
/**
 * Plugin Name: Geo WordPress: one cron at a time
 * Description: The regions' crons run at the same moment, and WordPress's own lock is read and then written: all of them would run every event. A lock of the database lets one in.
 */
if ( wp_doing_cron() ) {
	require_once '/etc/geo-wordpress/lock.php';
	// Held until PHP closes the connection, at the run's end however it comes.
	$GLOBALS['geo_wordpress_cron_lock'] = geo_wordpress_lock( 'cron', 1 );
	if ( false === $GLOBALS['geo_wordpress_cron_lock'] ) {
		exit( "another cron is running\n" );
	}
	if ( null === $GLOBALS['geo_wordpress_cron_lock'] ) {
		http_response_code( 503 ); // the CronJob asks again
		exit( "no lock\n" );
	}
	// Read before the lock was taken: the events may have been run since.
	wp_cache_delete( 'alloptions', 'options' );
	wp_cache_delete( 'cron', 'options' );
}
