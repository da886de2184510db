<?php
/**
 * Replaces a site's address in its database, in PHP's serialised values too, whose strings carry their lengths.
 */

/** Returns an address without its scheme. */
function without_scheme( string $address ): string {
	return preg_replace( '#^https?://#', '', rtrim( $address, '/' ) );
}

/** Returns the patterns of a site's address with their replacements: with either scheme, and as JSON escapes it. */
function replacements( string $from, string $to ): array {
	$host  = without_scheme( $from );
	$to    = rtrim( $to, '/' );
	$pairs = array();
	foreach ( array( '', '\\' ) as $escape ) {
		// Not the beginning of a longer name: example.com is not example.com.au.
		$pattern           = '#https?:' . preg_quote( "$escape/$escape/", '#' ) . preg_quote( str_replace( '/', "$escape/", $host ), '#' ) . '(?![\w-]|\.\w|:\d)#';
		$pairs[ $pattern ] = strtr( str_replace( '/', "$escape/", $to ), array( '\\' => '\\\\', '$' => '\\$' ) );
	}
	return $pairs;
}

/** Replaces in a text, which may be serialised, or hold a serialised text. */
function replace_text( string $text, array $pairs ): string {
	if ( ! preg_match( '/^(?:a|O|s):\d+:/', $text ) ) {
		return preg_replace( array_keys( $pairs ), array_values( $pairs ), $text );
	}
	$out    = '';
	$at     = 0;
	$length = strlen( $text );
	// Between the strings there is only structure, in which nothing looks like the beginning of a string.
	while ( preg_match( '/\bs:(\d+):"/', $text, $found, PREG_OFFSET_CAPTURE, $at ) ) {
		$start = $found[0][1] + strlen( $found[0][0] );
		$size  = (int) $found[1][0];
		if ( $start + $size + 2 > $length || '";' !== substr( $text, $start + $size, 2 ) ) {
			return preg_replace( array_keys( $pairs ), array_values( $pairs ), $text ); // not serialised after all
		}
		$inner = replace_text( substr( $text, $start, $size ), $pairs );
		$out  .= substr( $text, $at, $found[0][1] - $at ) . 's:' . strlen( $inner ) . ":\"$inner\";";
		$at    = $start + $size + 2;
	}
	return $out . substr( $text, $at );
}

// The errors of a row that cannot hold the new address: the column is too short, or another row has the value already.
const REFUSALS = array( 1406, 1062 );

/**
 * Runs a query, and yields its rows. They are in a temporary file meanwhile: a large site's do not fit in memory, and the
 * database gives up a connection from which nobody reads.
 */
function rows_of( mysqli $db, string $query ): Generator {
	$file = tmpfile();
	$rows = $db->query( $query, MYSQLI_USE_RESULT );
	while ( $row = $rows->fetch_row() ) {
		if ( ! fwrite( $file, base64_encode( serialize( $row ) ) . "\n" ) ) {
			throw new RuntimeException( 'the temporary directory is full' );
		}
	}
	$rows->free();
	rewind( $file );
	while ( false !== $line = fgets( $file ) ) {
		yield unserialize( base64_decode( $line ) );
	}
}

/** Replaces a site's address in some tables. Posts keep their guid, by which readers of feeds know them. */
function replace_site( mysqli $db, string $from, string $to, array $tables ): void {
	$host = without_scheme( $from );
	if ( '' === $host || rtrim( $from, '/' ) === rtrim( $to, '/' ) ) {
		echo "the site keeps its address\n";
		return;
	}
	$pairs = replacements( $from, $to );
	$like  = $db->real_escape_string( addcslashes( $host, '\\%_' ) );
	$like2 = $db->real_escape_string( addcslashes( str_replace( '/', '\\/', $host ), '\\%_' ) );
	foreach ( $tables as $table ) {
		$keys    = array();
		$columns = array();
		foreach ( $db->query( "SHOW COLUMNS FROM `$table`" ) as $column ) {
			if ( 'PRI' === $column['Key'] ) {
				$keys[] = $column['Field'];
			} elseif ( preg_match( '/char|text|json/i', $column['Type'] ) && 'guid' !== $column['Field']
				&& ! preg_match( '/\b(VIRTUAL|STORED) GENERATED/', $column['Extra'] ) ) { // the database fills these itself
				$columns[] = $column['Field'];
			}
		}
		if ( ! $keys || ! $columns ) {
			continue;
		}
		$quoted  = fn( array $names ) => implode( ', ', array_map( fn( $name ) => "`$name`", $names ) );
		$values  = fn( array $names ) => array_map( fn( $name ) => "`$name` = ?", $names );
		$the_row = implode( ' AND ', $values( $keys ) );
		$with_it = implode( ' OR ', array_map( fn( $name ) => "`$name` LIKE '%$like%' OR `$name` LIKE '%$like2%'", $columns ) );
		$update  = $db->prepare( "UPDATE `$table` SET " . implode( ', ', $values( $columns ) ) . " WHERE $the_row" );
		$read    = $db->prepare( "SELECT {$quoted( $columns )} FROM `$table` WHERE $the_row" );
		$n       = 0;
		foreach ( rows_of( $db, "SELECT {$quoted( $keys )} FROM `$table` WHERE $with_it" ) as $key ) {
			$read->execute( $key );
			$row = $read->get_result()->fetch_row();
			$new = array_map( fn( $value ) => null === $value ? null : replace_text( $value, $pairs ), $row );
			if ( $new !== $row ) {
				try {
					$update->execute( array_merge( $new, $key ) );
					++$n;
				} catch ( mysqli_sql_exception $e ) {
					if ( ! in_array( $e->getCode(), REFUSALS, true ) ) {
						throw $e;
					}
					fwrite( STDERR, "$table " . implode( ', ', $key ) . " keeps the old address: {$e->getMessage()}\n" );
				}
			}
		}
		if ( $n ) {
			echo "$table: the address was replaced in $n rows\n";
		}
	}
}
