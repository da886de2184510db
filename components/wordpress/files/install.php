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

function secret( string $name ): string {
	$file = getenv( $name . '_FILE' );
	return $file ? rtrim( (string) file_get_contents( $file ), "\r\n" ) : (string) getenv( $name );
}

/** The connection that holds the lock, until it ends. */
function locked(): ?mysqli {
	[ $host, $port ] = array_pad( explode( ':', getenv( 'WORDPRESS_DB_HOST' ), 2 ), 2, '3306' );
	$db = mysqli_init();
	$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 5 );
	$db->options( MYSQLI_OPT_READ_TIMEOUT, PATIENCE + 30 );
	if ( ! @$db->real_connect( $host, secret( 'WORDPRESS_DB_USER' ), secret( 'WORDPRESS_DB_PASSWORD' ), secret( 'WORDPRESS_DB_NAME' ), (int) $port ) ) {
		fwrite( STDERR, "no connection to the database: {$db->connect_error}\n" );
		return null;
	}
	$got = $db->query( "SELECT GET_LOCK('geo_wordpress_install', " . PATIENCE . ')' );
	if ( ! $got || '1' !== (string) $got->fetch_row()[0] ) {
		fwrite( STDERR, "another region is installing and does not finish\n" );
		return null;
	}
	return $db;
}

mysqli_report( MYSQLI_REPORT_OFF );
$done = false;
register_shutdown_function(
	function () use ( &$done ) {
		if ( ! $done ) {
			exit( 1 ); // also when WordPress ended it
		}
	}
);
$lock = locked();
if ( ! $lock ) {
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
