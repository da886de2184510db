<?php
/**
 * Installs the site once. Every region runs it; a lock in the database makes one of them do it.
 *
 * Environment: SITE_TITLE, ADMIN_USER, ADMIN_EMAIL, ADMIN_PASSWORD, and WordPress's own.
 */
define( 'WP_INSTALLING', true );
require '/var/www/html/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

global $wpdb;
$locked = $wpdb->get_var( "SELECT GET_LOCK('geo_wordpress_install', 120)" );
if ( '1' !== (string) $locked ) {
	fwrite( STDERR, "another region is installing and does not finish\n" );
	exit( 1 );
}
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
$wpdb->query( "SELECT RELEASE_LOCK('geo_wordpress_install')" );
