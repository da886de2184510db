<?php
/**
 * Installs the site once. Every region runs this; a lock in the database lets one of them install.
 *
 * The others must not even load WordPress meanwhile: it takes tables without a site for a damaged database, prints a page
 * about that, and exits successfully.
 *
 * Environment: SITE_TITLE, ADMIN_USER, ADMIN_EMAIL, ADMIN_PASSWORD, and WordPress's own.
 */
const TIMEOUT_SECONDS = 120; // for another region's installation

require '/etc/geo-wordpress/lock.php';

$done = false;
register_shutdown_function(
	function () use ( &$done ) {
		if ( ! $done ) {
			exit( 1 ); // also if WordPress itself exits
		}
	}
);
$lock = geo_wordpress_lock( 'install', TIMEOUT_SECONDS );
if ( ! $lock ) {
	fwrite( STDERR, false === $lock ? "another region is still installing\n" : "the database does not answer\n" );
	exit( 1 );
}

/** Replaces WordPress's mail to the administrator about the new site. This pod reaches the database only. */
function wp_new_blog_notification(): void {}

define( 'WP_INSTALLING', true );
require '/var/www/html/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

global $wpdb;
$wpdb->suppress_errors( true ); // is_blog_installed reads a table that may not exist
if ( is_blog_installed() ) {
	echo "already installed\n";
} else {
	$wpdb->suppress_errors( false );
	wp_install( getenv( 'SITE_TITLE' ), getenv( 'ADMIN_USER' ), getenv( 'ADMIN_EMAIL' ), true, '', getenv( 'ADMIN_PASSWORD' ) );
	// The installer does not report failed statements.
	if ( ! is_blog_installed() || '' !== $wpdb->last_error ) {
		fwrite( STDERR, "the installation failed: {$wpdb->last_error}\n" );
		exit( 1 );
	}
	echo "installed\n";
}
$lock->close();
$done = true;
