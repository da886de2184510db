<?php
/**
 * The start-up probe's page loads WordPress with its plugins and theme.
 *
 * Neither the health page nor an open port runs WordPress, so an image or a plugin with a fatal error would pass both, in
 * all regions. This page answers 500 after a fatal error, 503 if WordPress did not load because of the database, and
 * otherwise 200: also if there is no site yet, or if a plugin redirects visitors or closes the site to them.
 */
if ( isset( $_SERVER['HTTP_X_FORWARDED_FOR'] ) ) {
	http_response_code( 404 ); // through the load balancer: a visitor
	exit;
}

ob_start(); // drops WordPress's page, and holds back its headers until the result is known
register_shutdown_function(
	function () {
		$error  = error_get_last();
		$fatal  = $error && ( $error['type'] & ( E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR ) );
		$status = http_response_code();
		// Without a site, WordPress redirects to the installation before it loads any plugin.
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
