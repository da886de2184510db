<?php
/**
 * Tells the load balancer and Kubernetes whether this pod can serve: the site's web server accepts connections, the
 * region's NFS server answers, and one real read from TiKV through the region's TiDB succeeds.
 *
 * The page has its own web server (health.conf), so that it answers while all of the site's processes wait.
 *
 * A failure of the region itself (web server, files, TiDB, a refused connection, a wrong password) answers 503 at once.
 * If a query hangs, the database may be electing leaders after the loss of another region. Then all regions wait, for 10
 * to 30 seconds, and removing all of them from the rotation would help nobody. So a pause answers 200 until it has lasted
 * longer than any election. After that, a region that is cut off from the other two answers 503.
 *
 * A stopping pod answers 503 to the load balancer while it still serves. To Kubernetes' readiness probe, which requests
 * ?ready, it answers 200: a pod that is not ready would get no requests before the load balancer has noticed.
 *
 * leaderz.php repeats what this page has said last.
 */
const PAUSE_SECONDS = 45;
const LAST_READ     = '/tmp/geo-wordpress-last-read';
const VERDICT       = '/tmp/geo-wordpress-verdict';
const SECONDS       = '/tmp/geo-wordpress-seconds'; // how long the verdict took, for metrics.php
const STOPPING      = '/tmp/geo-wordpress-stopping';

// The errors of a read while the database pauses: the connection's timeouts, and TiDB's errors for PD, TiKV and Raft
// leaders that do not answer.
const PAUSES = array( 2006, 2013, 9001, 9002, 9005 );
// The error of a refused connection, and how long to retry.
const REFUSED         = 2002;
const REFUSED_SECONDS = 1;
// No tables yet: the installation page must be reachable.
const NO_SUCH_TABLE = 1146;

// The site's web server in this pod, and the error of a connection when its queue is full (ETIMEDOUT).
const SITE_PORT  = 80;
const QUEUE_FULL = 110;

// The shared volume, and the timeout for listing it. Its server is the region's own, so a wait for it is no election.
const FILES         = '/wp-content';
const FILES_SECONDS = 2;

function secret( string $name ): string {
	$file = getenv( $name . '_FILE' );
	return $file ? rtrim( (string) file_get_contents( $file ), "\r\n" ) : (string) getenv( $name );
}

/** Returns the error number of a connection to the site, 0 if it was accepted. */
function site_error(): int {
	$connection = @fsockopen( '127.0.0.1', SITE_PORT, $number, $text, 1 );
	return $connection ? 0 : ( $number ?: -1 );
}

/**
 * Starts to list the shared volume. A process that waits for an NFS server can only be killed, so another process does
 * this.
 *
 * @return resource|false the process, which ends within FILES_SECONDS, with 0 if the volume answers.
 */
function list_files() {
	return proc_open( array( 'timeout', '-s', 'KILL', (string) FILES_SECONDS, 'ls', FILES ), array( 1 => array( 'file', '/dev/null', 'w' ) ), $pipes );
}

/** Returns the error number of one read, 0 if it succeeded. */
function read_error(): int {
	[ $host, $port ] = array_pad( explode( ':', getenv( 'WORDPRESS_DB_HOST' ), 2 ), 2, '3306' );
	$began = microtime( true );
	do {
		$db = mysqli_init();
		$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 2 );
		$db->options( MYSQLI_OPT_READ_TIMEOUT, 2 );
		$db->ssl_set( null, null, getenv( 'WORDPRESS_DB_CA' ), null, null );
		$connected = @$db->real_connect( $host, secret( 'WORDPRESS_DB_USER' ), secret( 'WORDPRESS_DB_PASSWORD' ), secret( 'WORDPRESS_DB_NAME' ), (int) $port, null, MYSQLI_CLIENT_SSL );
		// A stopping TiDB refuses connections a moment before the Service drops it. A retry may reach another one.
		$again = ! $connected && REFUSED === $db->connect_errno && microtime( true ) - $began < REFUSED_SECONDS;
		if ( $again ) {
			usleep( 100000 );
		}
	} while ( $again );
	if ( ! $connected ) {
		return $db->connect_errno ?: -1;
	}
	$table = ( getenv( 'WORDPRESS_TABLE_PREFIX' ) ?: 'wp_' ) . 'options';
	return $db->query( "SELECT option_id FROM `$table` LIMIT 1" ) ? 0 : $db->errno;
}

/** Answers, and writes the answer down. */
function answer( int $status, string $text ): never {
	$own = VERDICT . getmypid();
	file_put_contents( $own, "$status $text" ) && rename( $own, VERDICT );
	file_put_contents( $own, (string) ( microtime( true ) - $_SERVER['REQUEST_TIME_FLOAT'] ) ) && rename( $own, SECONDS );
	http_response_code( $status );
	exit( "$text\n" );
}

function fail( string $why ): never {
	answer( 503, $why );
}

mysqli_report( MYSQLI_REPORT_OFF );
header( 'Content-Type: text/plain' );
header( 'Cache-Control: no-store' );

if ( ! isset( $_GET['ready'] ) && is_file( STOPPING ) ) {
	fail( 'the pod stops' );
}
// The read runs while the files are listed: together they take less than the 5 seconds of the health check.
$files = list_files();
$site  = site_error();
if ( 0 !== $site && QUEUE_FULL !== $site ) {
	fail( "the site's web server takes no connections ($site)" );
}
$error = read_error();
if ( ! $files || 0 !== proc_close( $files ) ) {
	fail( 'the files do not answer' );
}
// Meanwhile a full queue is no failure: the requests in it wait for the database.
if ( in_array( $error, PAUSES, true ) && is_file( LAST_READ ) && time() - filemtime( LAST_READ ) < PAUSE_SECONDS ) {
	answer( 200, "the database pauses ($error)" );
}
if ( 0 !== $error && NO_SUCH_TABLE !== $error ) {
	fail( "database error $error" );
}
touch( LAST_READ );
if ( 0 !== $site ) {
	fail( "the site's web server takes no connections ($site)" );
}
answer( 200, 'ok' );
