<?php
/**
 * A site of one script, which ends as a page can: t says how. PHP's own web server runs it, with the declared visitor.php and
 * visitor-cache.php in the directory that the variable FILES names.
 */
define( 'GEO_WORDPRESS_PAGE_SECONDS', 10 );
require getenv( 'FILES' ) . '/visitor.php';

echo 'The page begins, ';
switch ( $_GET['t'] ?? '' ) {
	case 'objects':
		define( 'DONOTCACHEPAGE', true );
		break;
	case 'allows':
		define( 'DONOTCACHEPAGE', false );
		break;
	case 'fails':
		no_such_function();
		break;
	case 'misses':
		http_response_code( 404 );
		break;
	case 'moves':
		header( 'Location: /elsewhere', true, 301 );
		break;
	case 'begins': // WordPress that ends before it is complete
		function did_action() {
			return 0;
		}
		function is_user_logged_in() {
			no_such_function();
		}
		break;
	case 'remembers':
		setcookie( 'somebody', '1' );
		break;
	case 'says':
		header( 'Cache-Control: no-cache' );
		break;
	case 'feeds':
		header( 'Content-Type: application/rss+xml' );
		header( 'ETag: "1"' );
		break;
	case 'maps':
		header( 'Content-Type: text/xml' );
		break;
	case 'flows':
		for ( $i = 0; $i < 100; $i++ ) {
			echo str_repeat( 'x', 1 << 20 );
		}
		break;
}
echo "and ends.\n";
