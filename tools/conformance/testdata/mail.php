<?php
// Sends a mail as geo-mail.php configures PHPMailer, without WordPress: mail.php GEO-MAIL.PHP PHPMAILER HOST CERTIFICATE PORT USER
[ , $plugin, $phpmailer, $host, $certificate, $port, $user ] = $argv;
define( 'GEO_WORDPRESS_MAIL_HOST', $host );
define( 'GEO_WORDPRESS_MAIL_CERTIFICATE', $certificate );
define( 'GEO_WORDPRESS_MAIL_PORT', (int) $port );
define( 'GEO_WORDPRESS_MAIL_USER', $user );
define( 'GEO_WORDPRESS_MAIL_FROM', 'site@example.com' );
define( 'GEO_WORDPRESS_MAIL_FROM_NAME', '' );
$hooks = array();
function add_action( string $hook, $function ) { $GLOBALS['hooks'][ $hook ] = $function; }
function add_filter( string $hook, $function ) {}
require $plugin;
require "$phpmailer/Exception.php";
require "$phpmailer/PHPMailer.php";
require "$phpmailer/SMTP.php";
$mailer = new PHPMailer\PHPMailer\PHPMailer( true );
$mailer->setFrom( 'site@example.com' );
$mailer->addAddress( 'editor@example.com' );
$mailer->Subject = 'A mail';
$mailer->Body    = 'Its text';
$hooks['phpmailer_init']( $mailer );
try {
	$mailer->send();
	echo "sent\n";
} catch ( PHPMailer\PHPMailer\Exception $e ) {
	echo $e->getMessage(), "\n";
}
