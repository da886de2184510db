<?php
/**
 * Whether WordPress starts: the start-up probe's page, which loads WordPress with its plugins and theme.
 *
 * Neither the health page nor an open port runs any of WordPress: an image or a plugin that ends in a fatal error would
 * pass both, in all regions. 500 says that it does; 503 that the database did not let it come so far; 200 all else, also
 * that there is no site yet, or that a plugin sends visitors elsewhere or closes the site to them.
 */
if ( isset( $_SERVER['HTTP_X_FORWARDED_FOR'] ) ) {
	http_response_code( 404 ); // through the load balancer: a visitor
	exit;
}

ob_start(); // what WordPress says is for visitors, and its headers must not be sent before the verdict
register_shutdown_function(
	function () {
		$error  = error_get_last();
		$fatal  = $error && ( $error['type'] & ( E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR ) );
		$status = http_response_code();
		// WordPress without a site leads to the installation before it loads any plugin.
		$loads = function_exists( 'did_action' ) && did_action( 'muplugins_loaded' ) || $status >= 300 && $status < 400;
		while ( ob_get_level() > 0 ) {
			ob_end_clean();
		}
		header_remove();
		header( 'Content-Type: text/plain' );
		http_response_code( $fatal ? 500 : ( $loads ? 200 : 503 ) );
		echo $fatal ? "{$error['message']} in {$error['file']} on line {$error['line']}\n" : ( $loads ? "ok\n" : "WordPress did not load: $status\n" );
	}
);
define( 'WP_USE_THEMES', false );
require '/var/www/html/wp-load.php';
