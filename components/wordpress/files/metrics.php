<?php
/**
 * Metrics of this pod, in Prometheus' text format, for the collector of metrics. No other client is admitted. The page has the
 * health page's web server, so that it answers while all of the site's processes are busy.
 *
 * Environment: PROCESSES, the greatest number of the site's processes, and what healthz.php reads.
 */
const VERDICT         = '/tmp/geo-wordpress-verdict';
const VERDICT_SECONDS = 15; // as in leaderz.php
const SECONDS         = '/tmp/geo-wordpress-seconds';
const SITE            = 80; // the port of the site's web server in this pod
const BACKUPS         = 'geo_wordpress.backups';

// States of the kernel's table of connections (include/net/tcp_states.h).
const ESTABLISHED = '01';
const CLOSE_WAIT  = '08';
const LISTEN      = '0A';

/**
 * Counts the connections to the site's web server, in the network that this pod's containers share. It closes each after one
 * answer, so each is a request; a process handles it, or it waits in the queue of the listening socket.
 *
 * @return int[] the requests in progress, and those that wait.
 */
function requests(): array {
	$all = 0;
	$waiting = 0;
	foreach ( array( '/proc/net/tcp', '/proc/net/tcp6' ) as $table ) {
		foreach ( array_slice( @file( $table ) ?: array(), 1 ) as $line ) {
			[ , $local, , $state, $queues ] = preg_split( '/\s+/', trim( $line ) );
			if ( ! str_ends_with( $local, sprintf( ':%04X', SITE ) ) ) {
				continue;
			}
			if ( LISTEN === $state ) {
				$waiting += hexdec( substr( strstr( $queues, ':' ), 1 ) );
			} elseif ( ESTABLISHED === $state || CLOSE_WAIT === $state ) {
				++$all;
			}
		}
	}
	return array( max( 0, $all - $waiting ), $waiting );
}

/** Returns the age of the newest backup in seconds, or null if there are no backups or the database does not answer. */
function backup_age(): ?int {
	[ $host, $port ] = array_pad( explode( ':', getenv( 'WORDPRESS_DB_HOST' ), 2 ), 2, '3306' );
	$db = mysqli_init();
	$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 2 );
	$db->options( MYSQLI_OPT_READ_TIMEOUT, 2 );
	if ( ! @$db->real_connect( $host, getenv( 'WORDPRESS_DB_USER' ), getenv( 'WORDPRESS_DB_PASSWORD' ), '', (int) $port ) ) {
		return null;
	}
	$rows = $db->query( 'SELECT TIMESTAMPDIFF(SECOND, MAX(taken), UTC_TIMESTAMP()) FROM ' . BACKUPS );
	$age  = $rows ? $rows->fetch_row()[0] : null;
	return null === $age ? null : (int) $age;
}

function gauge( string $name, int|float|string $value ): void {
	echo "# TYPE geo_wordpress_$name gauge\ngeo_wordpress_$name $value\n";
}

mysqli_report( MYSQLI_REPORT_OFF );
header( 'Content-Type: text/plain; version=0.0.4' );
header( 'Cache-Control: no-store' );

$fresh = is_file( VERDICT ) && time() - filemtime( VERDICT ) <= VERDICT_SECONDS;
gauge( 'healthy', (int) ( $fresh && str_starts_with( (string) file_get_contents( VERDICT ), '200 ' ) ) );
if ( is_file( SECONDS ) ) {
	gauge( 'health_check_seconds', (string) file_get_contents( SECONDS ) );
}
[ $busy, $waiting ] = requests();
gauge( 'php_busy', $busy );
gauge( 'php_processes', (int) getenv( 'PROCESSES' ) );
gauge( 'requests_waiting', $waiting );
$age = backup_age();
if ( null !== $age ) {
	gauge( 'backup_age_seconds', $age );
}
