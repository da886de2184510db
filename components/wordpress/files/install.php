<?php
/**
 * Installs the site once. Every region runs it; a lock in the database makes one of them do it.
 *
 * The others must not even load WordPress meanwhile: tables without a site are a damaged database to it, which it says
 * as a page, and then ends as if all were well.
 *
 * Environment: SITE_TITLE, ADMIN_USER, ADMIN_EMAIL, ADMIN_PASSWORD, and WordPress's own.
 */
const PATIENCE = 120; // seconds, for another region's installation

require '/etc/geo-wordpress/lock.php';

$done = false;
register_shutdown_function(
	function () use ( &$done ) {
		if ( ! $done ) {
			exit( 1 ); // also when WordPress ended it
		}
	}
);
$lock = geo_wordpress_lock( 'install', PATIENCE );
if ( ! $lock ) {
	fwrite( STDERR, false === $lock ? "another region is installing and does not finish\n" : "no connection to the database\n" );
	exit( 1 );
}

define( 'WP_INSTALLING', true );
require '/var/www/html/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

global $wpdb;
$wpdb->suppress_errors( true ); // the question whether there is a site asks for a table that is not there
if ( is_blog_installed() ) {
	echo "already installed\n";
} else {
	$wpdb->suppress_errors( false );
	wp_install( getenv( 'SITE_TITLE' ), getenv( 'ADMIN_USER' ), getenv( 'ADMIN_EMAIL' ), false, '', getenv( 'ADMIN_PASSWORD' ) );
	// The installer says nothing of statements that failed.
	if ( ! is_blog_installed() || '' !== $wpdb->last_error ) {
		fwrite( STDERR, "the installation failed: {$wpdb->last_error}\n" );
		exit( 1 );
	}
	echo "installed\n";
}
$lock->close();
$done = true;
