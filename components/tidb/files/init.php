<?php
/**
 * Brings the database to the state that init.sql declares, whether it is new, incomplete or complete. TiDB runs the same
 * file at its first start, but at most once: a crash between its bootstrap and the file would leave root without a
 * password.
 *
 * Environment: DB_HOST (host:port), DB_ROOT_PASSWORD_FILE, DB_INIT_FILE (one statement per line), DB_CA_FILE (of the authority
 * that vouches for the server).
 */
mysqli_report( MYSQLI_REPORT_OFF );

const ACCESS_DENIED   = 1045;
const TIMEOUT_SECONDS = 300; // the database may be electing its leaders

[ $host, $port ] = explode( ':', getenv( 'DB_HOST' ), 2 );
$password   = rtrim( file_get_contents( getenv( 'DB_ROOT_PASSWORD_FILE' ) ), "\r\n" );
$statements = array_filter( array_map( 'trim', file( getenv( 'DB_INIT_FILE' ) ) ) );

/** Returns a connection, or null and sets $error. Before the first run root has no password. */
function connect( string $host, int $port, string $password, ?string &$error ): ?mysqli {
	foreach ( array( $password, '' ) as $try ) {
		$db = mysqli_init();
		$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 5 );
		$db->options( MYSQLI_OPT_READ_TIMEOUT, 60 );
		$db->ssl_set( null, null, getenv( 'DB_CA_FILE' ), null, null );
		if ( @$db->real_connect( $host, 'root', $try, '', $port, null, MYSQLI_CLIENT_SSL ) ) {
			return $db;
		}
		$error = "{$db->connect_errno}: {$db->connect_error}";
		if ( ACCESS_DENIED !== $db->connect_errno ) {
			break;
		}
	}
	return null;
}

/** Runs the statements. $error names a failed one by its number, because the statements hold passwords. */
function run( mysqli $db, array $statements, ?string &$error ): bool {
	// A restarted TiDB caches only the users who have logged in since. It cannot alter the others ("Failed to get user
	// record") until it reads all users, which this makes it do.
	if ( ! $db->query( 'FLUSH PRIVILEGES' ) ) {
		$error = "FLUSH PRIVILEGES: {$db->errno}: {$db->error}";
		return false;
	}
	foreach ( array_values( $statements ) as $i => $statement ) {
		if ( ! $db->query( $statement ) ) {
			$error = sprintf( 'statement %d of %d: %d: %s', $i + 1, count( $statements ), $db->errno, strtok( $db->error, "'" ) );
			return false;
		}
	}
	// Users that somebody else makes connect with TLS too. TiDB refuses this before it has an encrypted connection itself, so it
	// is not among the statements that it runs at its first start.
	if ( ! $db->query( 'SET GLOBAL require_secure_transport = ON' ) ) {
		$error = "require_secure_transport: {$db->errno}: {$db->error}";
		return false;
	}
	return true;
}

for ( $deadline = time() + TIMEOUT_SECONDS; ; sleep( 2 ) ) {
	$db = connect( $host, (int) $port, $password, $error );
	if ( $db && run( $db, $statements, $error ) ) {
		echo "the database is ready\n";
		exit( 0 );
	}
	fwrite( STDERR, "waiting for the database: $error\n" );
	if ( time() >= $deadline ) {
		exit( 1 );
	}
}
