/**
 * Sets how long TiDB keeps what was overwritten, deleted or dropped. It runs after init.php, whose root password it needs; the
 * Job repeats both after an error.
 *
 * Environment: DB_HOST (host:port), DB_ROOT_PASSWORD_FILE, DB_HISTORY_HOURS, DB_CA_FILE.
 */
mysqli_report( MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT );

[ $host, $port ] = explode( ':', getenv( 'DB_HOST' ), 2 );
$hours = (int) getenv( 'DB_HISTORY_HOURS' );
$db    = mysqli_init();
$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 5 );
$db->options( MYSQLI_OPT_READ_TIMEOUT, 60 );
$db->ssl_set( null, null, getenv( 'DB_CA_FILE' ), null, null );
$db->real_connect( $host, 'root', rtrim( file_get_contents( getenv( 'DB_ROOT_PASSWORD_FILE' ) ), "\r\n" ), '', (int) $port, null, MYSQLI_CLIENT_SSL );
$db->query( "SET GLOBAL tidb_gc_life_time = '{$hours}h'" );
echo "the database keeps $hours hours of history\n";
