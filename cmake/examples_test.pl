#!/usr/bin/perl
# usage: examples_test.pl DOCUMENT
# Runs the examples of a document: in blocks that begin with ```console, each line "$ mrtool ..." is a command for the
# shell, and the lines up to the next one are all that it prints. A line "..." stands for any number of lines. A
# command's exit status must be 0 unless the line before it is "# exits with N". /tmp/try is a new, empty directory.
use strict;
use warnings;
use File::Temp qw(tempdir);

my ($document) = @ARGV;
open(my $in, '<', $document) or die "$document: $!\n";
my (@examples, $inside, $status);
while (my $line = <$in>) {
  chomp $line;
  if ($line =~ /^```/) {
    $inside = $line eq '```console';
    $status = 0;
  } elsif (!$inside) {
    next;
  } elsif ($line =~ /^# exits with (\d+)/) {
    $status = $1;
  } elsif ($line =~ /^\$ (mrtool .*)/) {
    push @examples, { command => $1, line => $., status => $status, output => [] };
    $status = 0;
  } elsif (@examples) {
    push @{ $examples[-1]{output} }, $line;
  }
}
die "$document: no examples found\n" unless @examples;

my $scratch = tempdir(CLEANUP => 1);
my $failed = 0;
for my $example (@examples) {
  my $command = $example->{command} =~ s{/tmp/try\b}{$scratch}gr;
  my $printed = qx{$command 2>&1 </dev/null};
  my $status = $? & 127 ? "signal " . ($? & 127) : $? >> 8;
  $printed =~ s{\Q$scratch\E}{/tmp/try}g;
  my $pattern = join '', map { $_ eq '...' ? "(?:.*\n)*?" : quotemeta($_) . "\n" } @{ $example->{output} };
  next if $printed =~ /\A$pattern\z/ && $status eq $example->{status};
  print "$document:$example->{line}: $example->{command}\nexit status $status, expected $example->{status}; it prints:\n$printed\n";
  $failed = 1;
}
print scalar(@examples), " examples\n";
exit $failed;
