<?php
/**
 * Tells the load balancer whether this pod can serve what writes: it is well, by the last verdict of healthz.php, and its
 * region holds the leaders of the database's data.
 *
 * A region holds the leaders if it has at least half as many as the one that has most. So one region does at any moment,
 * also while PD moves them; if they are spread over all regions, all do. Where they are is the sum of what TiDB knows from
 * PD. If the database pauses, or PD does not answer, every region that is well passes.
 *
 * Environment: REGION, the value of TiKV's label region here, and what healthz.php reads.
 */
const VERDICT         = '/tmp/geo-wordpress-verdict';
const VERDICT_SECONDS = 15; // Kubernetes' readiness probe alone makes one every 5 seconds
const STOPPING        = '/tmp/geo-wordpress-stopping';

// What PD was asked last. Google's probers together ask this page a few times a second.
const LEADERS         = '/tmp/geo-wordpress-leaders';
const LEADERS_SECONDS = 5;

function fail( string $why ): never {
	http_response_code( 503 );
	exit( "$why\n" );
}

/** Returns rows of a store's labels and its number of leaders, or null. */
function stores(): ?array {
	[ $host, $port ] = array_pad( explode( ':', getenv( 'WORDPRESS_DB_HOST' ), 2 ), 2, '3306' );
	$db = mysqli_init();
	$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 2 );
	$db->options( MYSQLI_OPT_READ_TIMEOUT, 2 );
	$db->ssl_set( null, null, getenv( 'WORDPRESS_DB_CA' ), null, null );
	if ( ! @$db->real_connect( $host, getenv( 'WORDPRESS_DB_USER' ), getenv( 'WORDPRESS_DB_PASSWORD' ), 'information_schema', (int) $port, null, MYSQLI_CLIENT_SSL ) ) {
		return null;
	}
	$rows = $db->query( 'SELECT LABEL, LEADER_COUNT FROM TIKV_STORE_STATUS' );
	return $rows ? $rows->fetch_all() : null;
}

/** Says whether a region holds the leaders. */
function leads( array $stores, string $region ): bool {
	$leaders = array( $region => 0 );
	foreach ( $stores as [ $labels, $count ] ) {
		foreach ( json_decode( $labels, true ) ?: array() as $label ) {
			if ( 'region' === $label['key'] ) {
				$leaders[ $label['value'] ] = ( $leaders[ $label['value'] ] ?? 0 ) + (int) $count;
			}
		}
	}
	return 2 * $leaders[ $region ] >= max( $leaders );
}

/** Says whether this region holds the leaders, as of the last seconds. */
function leads_here(): bool {
	clearstatcache();
	if ( is_file( LEADERS ) && time() - filemtime( LEADERS ) < LEADERS_SECONDS ) {
		return 'elsewhere' !== file_get_contents( LEADERS );
	}
	touch( LEADERS ); // the others repeat the last answer meanwhile
	$stores = stores();
	$here   = null === $stores || leads( $stores, getenv( 'REGION' ) );
	file_put_contents( LEADERS, $here ? 'here' : 'elsewhere', LOCK_EX );
	return $here;
}

mysqli_report( MYSQLI_REPORT_OFF );
header( 'Content-Type: text/plain' );
header( 'Cache-Control: no-store' );

if ( is_file( STOPPING ) ) {
	fail( 'the pod stops' );
}
if ( ! is_file( VERDICT ) || time() - filemtime( VERDICT ) > VERDICT_SECONDS ) {
	fail( 'nobody has asked healthz.php' );
}
[ $status, $text ] = explode( ' ', file_get_contents( VERDICT ), 2 );
if ( '200' !== $status ) {
	fail( $text );
}
if ( 'ok' === $text && ! leads_here() ) {
	fail( 'the leaders are in another region' );
}
echo "$text\n";
