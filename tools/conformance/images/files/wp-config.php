<?php
// In the place of the image's wp-config-docker.php: every setting from the WORDPRESS_ variable of its name, or from the
// file that the variable with _FILE names.
function environment( string $name, string $default = '' ): string {
	$file = getenv( "{$name}_FILE" );
	if ( $file ) {
		return rtrim( file_get_contents( $file ), "\r\n" );
	}
	$value = getenv( $name );
	return false === $value ? $default : $value;
}

define( 'DB_NAME', environment( 'WORDPRESS_DB_NAME', 'wordpress' ) );
define( 'DB_USER', environment( 'WORDPRESS_DB_USER', 'example username' ) );
define( 'DB_PASSWORD', environment( 'WORDPRESS_DB_PASSWORD', 'example password' ) );
define( 'DB_HOST', environment( 'WORDPRESS_DB_HOST', 'mysql' ) );
define( 'DB_CHARSET', environment( 'WORDPRESS_DB_CHARSET', 'utf8mb4' ) );
define( 'DB_COLLATE', environment( 'WORDPRESS_DB_COLLATE' ) );
foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $purpose ) {
	foreach ( array( 'KEY', 'SALT' ) as $part ) {
		define( "{$purpose}_{$part}", environment( "WORDPRESS_{$purpose}_{$part}", 'put your unique phrase here' ) );
	}
}
$table_prefix = environment( 'WORDPRESS_TABLE_PREFIX', 'wp_' );
define( 'WP_DEBUG', (bool) environment( 'WORDPRESS_DEBUG' ) );

// Behind a load balancer that ends HTTPS.
if ( 'https' === ( $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '' ) ) {
	$_SERVER['HTTPS'] = 'on';
}
eval( environment( 'WORDPRESS_CONFIG_EXTRA' ) );

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
