<?php
/**
 * Says whether a region is to be restored (begin), and finishes it (end). A table of the database records which backup the
 * stack was made from, and what is done, so that the Job may run again at any time.
 *
 * Environment: BUCKET, BACKUP, REGION, REGIONS (the first restores the database), SITE_URL, DATABASE_HOST
 * (host:port), DATABASE_CA, DATABASE_USER, DATABASE_PASSWORD, DATABASE_NAME. begin leaves /work/skip if there is nothing to do, and
 * /work/loaded if the database is done.
 */
mysqli_report( MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT );

const TIMEOUT_SECONDS = 300; // the database may be electing its leaders
const READ_SECONDS    = array( 'begin' => 120, 'end' => 3600 ); // a large table is searched for the address without an index
const RECORD          = 'geo_wordpress_restore';
const DATABASE        = 'the database'; // its row in the record, beside the regions'

function connect( int $read_seconds ): mysqli {
	[ $host, $port ] = explode( ':', getenv( 'DATABASE_HOST' ), 2 );
	for ( $deadline = time() + TIMEOUT_SECONDS; ; sleep( 2 ) ) {
		try {
			$db = mysqli_init();
			$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 5 );
			$db->options( MYSQLI_OPT_READ_TIMEOUT, $read_seconds );
			$db->ssl_set( null, null, getenv( 'DATABASE_CA' ), null, null );
			$db->real_connect( $host, getenv( 'DATABASE_USER' ), getenv( 'DATABASE_PASSWORD' ), getenv( 'DATABASE_NAME' ), (int) $port, null, MYSQLI_CLIENT_SSL );
			$db->set_charset( 'utf8mb4' );
			return $db;
		} catch ( mysqli_sql_exception $e ) {
			fwrite( STDERR, "waiting for the database: {$e->getMessage()}\n" );
			if ( time() >= $deadline ) {
				exit( 1 );
			}
		}
	}
}

function is_first(): bool {
	return strtok( getenv( 'REGIONS' ), ' ' ) === getenv( 'REGION' );
}

function refuse( string $why ): never {
	fwrite( STDERR, "$why\n" );
	exit( 1 );
}

/** Returns the tables but the record. */
function tables( mysqli $db ): array {
	return array_diff( array_column( $db->query( 'SHOW TABLES' )->fetch_all(), 0 ), array( RECORD ) );
}

/** Returns what is done, of each region and the database, or null without a record. */
function record( mysqli $db, string $backup ): ?array {
	if ( ! $db->query( "SHOW TABLES LIKE '" . RECORD . "'" )->num_rows ) {
		return null;
	}
	$states = array();
	foreach ( $db->query( 'SELECT region, backup, done FROM ' . RECORD ) as $row ) {
		if ( $row['backup'] !== $backup ) {
			refuse( "this site was made from {$row['backup']}: a stack is restored once. Remove restore from the configuration" );
		}
		$states[ $row['region'] ] = (bool) $row['done'];
	}
	return $states;
}

function begin( mysqli $db, string $backup, string $region ): void {
	$states = record( $db, $backup );
	if ( ! $states ) {
		if ( ! is_first() ) {
			refuse( 'the first region has not begun' );
		}
		if ( $tables = tables( $db ) ) {
			refuse( sprintf( 'the database has %d tables (%s, ...): only a new stack can be restored. Remove restore from the configuration', count( $tables ), reset( $tables ) ) );
		}
		$db->query( 'CREATE TABLE IF NOT EXISTS ' . RECORD . ' (region VARCHAR(63) PRIMARY KEY, backup VARCHAR(500) NOT NULL, done BOOL NOT NULL DEFAULT FALSE)' );
		$rows = array();
		foreach ( array( DATABASE, ...explode( ' ', getenv( 'REGIONS' ) ) ) as $each ) {
			$rows[]          = "('" . $db->real_escape_string( $each ) . "', '" . $db->real_escape_string( $backup ) . "')";
			$states[ $each ] = false;
		}
		$db->query( 'INSERT INTO ' . RECORD . ' (region, backup) VALUES ' . implode( ', ', $rows ) );
	}
	if ( $states[ DATABASE ] ) {
		touch( '/work/loaded' );
	} elseif ( is_first() ) {
		foreach ( tables( $db ) as $table ) { // of a pod that did not come to its end
			$db->query( "DROP TABLE `$table`" );
		}
	}
	// A region that was added later, or lost before its turn, gets its files from the others.
	if ( $states[ $region ] ?? true ) {
		touch( '/work/skip' );
		echo "this region has its files\n";
	}
}

function done( mysqli $db, string $what ): void {
	$db->query( 'UPDATE ' . RECORD . " SET done = TRUE WHERE region = '" . $db->real_escape_string( $what ) . "'" );
}

function finish( mysqli $db, string $region ): void {
	if ( ! file_exists( '/work/skip' ) ) {
		if ( is_first() && ! file_exists( '/work/loaded' ) ) {
			require __DIR__ . '/replace.php';
			$complete = json_decode( file_get_contents( '/work/complete' ), true );
			replace_site( $db, $complete['site'] ?? '', getenv( 'SITE_URL' ), tables( $db ) );
			done( $db, DATABASE );
		}
		done( $db, $region );
		echo "$region is restored\n";
	}
	$regions = explode( ' ', getenv( 'REGIONS' ) );
	if ( end( $regions ) === $region ) { // WordPress is next: no region may unpack old files over it any more
		$db->query( 'UPDATE ' . RECORD . ' SET done = TRUE' );
	}
}

$db     = connect( READ_SECONDS[ $argv[1] ] );
$backup = 'gs://' . getenv( 'BUCKET' ) . '/' . getenv( 'BACKUP' );
'begin' === $argv[1] ? begin( $db, $backup, getenv( 'REGION' ) ) : finish( $db, getenv( 'REGION' ) );
