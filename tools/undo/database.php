/**
 * Runs SQL as root, or copies tables as they were, or swaps them in. tools/undo/undo runs it in a pod of WordPress, by php -r.
 *
 * Environment: WORDPRESS_DB_HOST (host:port), WORDPRESS_DB_CA. Arguments: sql; or copy MOMENT [TABLE...]; or swap. Input: a line with the stack's
 * output "database" in JSON, then the statements.
 */
mysqli_report( MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT );

$database = json_decode( fgets( STDIN ), true );

/** Returns a connection of root in which nothing is converted, not even the zero dates of WordPress. */
function connect(): mysqli {
	global $database;
	[ $host, $port ] = explode( ':', getenv( 'WORDPRESS_DB_HOST' ), 2 );
	$db = mysqli_init();
	$db->ssl_set( null, null, getenv( 'WORDPRESS_DB_CA' ), null, null );
	$db->real_connect( $host, 'root', $database['rootPassword'], '', (int) $port, null, MYSQLI_CLIENT_SSL );
	$db->set_charset( 'binary' );
	$db->query( "SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = OFF" );
	return $db;
}

/** Runs statements, and prints the rows of their answers. */
function sql( string $statements ): void {
	$db = connect();
	$db->set_charset( 'utf8mb4' );
	$db->multi_query( $statements );
	do {
		$rows = $db->store_result();
		foreach ( $rows ?: array() as $row ) {
			echo implode( "\t", array_map( fn( $value ) => $value ?? 'NULL', $row ) ), "\n";
		}
	} while ( $db->more_results() && $db->next_result() );
}

function column( mysqli $db, string $query ): array {
	return array_column( $db->query( $query )->fetch_all(), 0 );
}

/** Copies tables as they were. A table of an earlier copy is replaced. */
function copy_as_of( string $moment, array $tables ): void {
	global $database;
	$from = $database['name'];
	$to   = $from . '_undo';
	$past = connect();
	$past->query( "SET tidb_snapshot = '" . $past->real_escape_string( $moment ) . "'" );
	$tables = $tables ?: column( $past, "SHOW FULL TABLES FROM `$from` WHERE Table_type = 'BASE TABLE'" );

	$now = connect();
	$now->query( "CREATE DATABASE IF NOT EXISTS `$to` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci" );
	$now->select_db( $to );
	foreach ( $tables as $table ) {
		$definition = $past->query( "SHOW CREATE TABLE `$from`.`$table`" )->fetch_row()[1];
		$now->query( "DROP TABLE IF EXISTS `$table`" );
		$now->query( $definition );
		// The database fills generated columns itself. DEFAULT_GENERATED is not one: it has ON UPDATE.
		$columns = array_column( array_filter( $past->query( "SHOW COLUMNS FROM `$from`.`$table`" )->fetch_all( MYSQLI_ASSOC ),
			fn( $column ) => ! preg_match( '/\b(VIRTUAL|STORED) GENERATED/', $column['Extra'] ) ), 'Field' );
		$columns = '`' . implode( '`,`', $columns ) . '`';
		$insert  = "INSERT INTO `$table` ($columns) VALUES ";
		$rows    = $past->query( "SELECT $columns FROM `$from`.`$table`", MYSQLI_USE_RESULT );
		$types   = array_column( $rows->fetch_fields(), 'type' );
		$count   = 0;
		$batch   = array();
		$bytes   = 0;
		while ( $row = $rows->fetch_row() ) {
			foreach ( $row as $i => $value ) {
				$row[ $i ] = match ( true ) {
					null === $value => 'NULL',
					MYSQLI_TYPE_BIT === $types[ $i ] => $value, // a number: its digits in quotes would be bytes
					// JSON is not made of binary text.
					MYSQLI_TYPE_JSON === $types[ $i ] => "CONVERT('" . $now->real_escape_string( $value ) . "' USING utf8mb4)",
					default => "'" . $now->real_escape_string( $value ) . "'",
				};
			}
			$batch[] = '(' . implode( ',', $row ) . ')';
			$bytes  += strlen( end( $batch ) );
			++$count;
			if ( $bytes > 1 << 20 || count( $batch ) >= 1000 ) {
				$now->query( $insert . implode( ',', $batch ) );
				$batch = array();
				$bytes = 0;
			}
		}
		if ( $batch ) {
			$now->query( $insert . implode( ',', $batch ) );
		}
		echo "$to.$table: $count rows\n";
	}
}

/** Swaps all copied tables in, by one statement. */
function swap(): void {
	global $database;
	$site    = $database['name'];
	$db      = connect();
	$present = column( $db, "SHOW TABLES FROM `$site`" );
	$db->query( "CREATE DATABASE IF NOT EXISTS `{$site}_before` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci" );
	$moves = array();
	foreach ( column( $db, "SHOW TABLES FROM `{$site}_undo`" ) as $table ) {
		if ( in_array( $table, $present, true ) ) {
			$moves[] = "`$site`.`$table` TO `{$site}_before`.`$table`";
		}
		$moves[] = "`{$site}_undo`.`$table` TO `$site`.`$table`";
	}
	$db->query( 'RENAME TABLE ' . implode( ', ', $moves ) );
	echo implode( "\n", $moves ), "\n";
}

match ( $argv[1] ) {
	'sql' => sql( stream_get_contents( STDIN ) ),
	'copy' => copy_as_of( $argv[2], array_slice( $argv, 3 ) ),
	'swap' => swap(),
};
