<?php
/**
 * A database lock, which all regions share: TiDB implements GET_LOCK as the pessimistic lock of a row, in every TiDB.
 */

function geo_wordpress_setting( string $name ): string {
	$file = getenv( $name . '_FILE' );
	return $file ? rtrim( (string) file_get_contents( $file ), "\r\n" ) : (string) getenv( $name );
}

/**
 * Returns the connection that holds the lock until it closes; false if another connection held the lock for all of the
 * seconds; null if the database did not answer.
 */
function geo_wordpress_lock( string $name, int $seconds ): mysqli|false|null {
	mysqli_report( MYSQLI_REPORT_OFF );
	[ $host, $port ] = array_pad( explode( ':', getenv( 'WORDPRESS_DB_HOST' ), 2 ), 2, '3306' );
	$db = mysqli_init();
	$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 5 );
	$db->options( MYSQLI_OPT_READ_TIMEOUT, $seconds + 30 ); // includes an election
	$user     = geo_wordpress_setting( 'WORDPRESS_DB_USER' );
	$password = geo_wordpress_setting( 'WORDPRESS_DB_PASSWORD' );
	$database = geo_wordpress_setting( 'WORDPRESS_DB_NAME' );
	$db->ssl_set( null, null, getenv( 'WORDPRESS_DB_CA' ), null, null );
	if ( ! @$db->real_connect( $host, $user, $password, $database, (int) $port, null, MYSQLI_CLIENT_SSL ) ) {
		error_log( "geo-wordpress: cannot take the lock $name: {$db->connect_error}" );
		return null;
	}
	$result = $db->query( "SELECT GET_LOCK('geo_wordpress_$name', $seconds)" );
	$got    = $result ? (string) $result->fetch_row()[0] : '';
	if ( '1' === $got ) {
		return $db;
	}
	if ( '0' !== $got ) {
		error_log( "geo-wordpress: cannot take the lock $name: {$db->error}" );
	}
	$db->close();
	return '0' === $got ? false : null;
}
