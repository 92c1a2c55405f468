# bash completion for mrtool, generated from its table of commands and options

_mrtool() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i
  COMPREPLY=()
  case $previous in
    --register)
      return
      ;;
    --bank)
      mapfile -t COMPREPLY < <(compgen -W 'sha1 sha256 sha384 sha512 sm3_256 sha3_256 sha3_384 sha3_512 sha224' -- "$current")
      return
      ;;
    --type)
      return
      ;;
    --record)
      return
      ;;
    --against)
      mapfile -t COMPREPLY < <(compgen -f -- "$current"; compgen -W 'live tpm tdx-guest' -- "$current")
      compopt -o filenames
      return
      ;;
    --initial)
      return
      ;;
    --tcti)
      return
      ;;
    --save-state)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --from-state)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --resume)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --to)
      mapfile -t COMPREPLY < <(compgen -W 'cel-tlv cel-cbor tcg tcg2 ccel json systemd cel-json cel ima ima-ascii tpm2-yaml tsm aael' -- "$current")
      return
      ;;
    --dialect)
      return
      ;;
    --loss-report)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --quote)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --sig)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --pcrs)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --key)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --ca)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --crl)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --tcb-info)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --nonce)
      return
      ;;
    --at)
      return
      ;;
    --policy)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --ima-key)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --require)
      return
      ;;
    --tolerate)
      return
      ;;
    --event)
      return
      ;;
    --file)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --digest)
      return
      ;;
    --event-type)
      return
      ;;
    --data)
      return
      ;;
    --virtual)
      return
      ;;
    --on)
      return
      ;;
    --as)
      mapfile -t COMPREPLY < <(compgen -W 'virtual records direct' -- "$current")
      return
      ;;
    --interval)
      return
      ;;
    --backend)
      mapfile -t COMPREPLY < <(compgen -W 'append-event measurements digest configfs tpm software' -- "$current")
      return
      ;;
    --log)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --wait)
      return
      ;;
    --eventlog-version)
      mapfile -t COMPREPLY < <(compgen -W '1 2' -- "$current")
      return
      ;;
    -o|--output)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --batch)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames
      return
      ;;
    --diagnostics)
      mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$current")
      return
      ;;
    --color)
      mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
      return
      ;;
    --threads)
      return
      ;;
    --root)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      compopt -o filenames
      return
      ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    --register|--bank|--type|--record|--against|--initial|--tcti|--save-state|--from-state|--resume|--to|--dialect|--loss-report|--quote|--sig|--pcrs|--key|--ca|--crl|--tcb-info|--nonce|--at|--policy|--ima-key|--require|--tolerate|--event|--file|--digest|--event-type|--data|--virtual|--on|--as|--interval|--backend|--log|--wait|--eventlog-version|-o|--output|--batch|--diagnostics|--color|--threads|--root) i=$((i + 1)) ;;
    -*) ;;
    *) command=${COMP_WORDS[i]}; break ;;
    esac
  done
  local options logs=''
  case $command in
  '')
    options='--color --quiet --verbose --threads --root --help --version'
    if [[ $current != -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W 'inspect replay verify explain convert extend ima-bridge registers formats' -- "$current")
      return
    fi
    ;;
  inspect)
    options='--register --bank --type --record --text --json --ndjson --yaml --tpm2-yaml --eventlog-version --details --raw --output --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='live cel-tlv: cel-cbor: tcg: tcg2: ccel: json: systemd: cel-json: ima: ima-ascii: tpm2-yaml: tsm: aael:'
    ;;
  replay)
    options='--register --bank --against --initial --check-digests --tcti --save-state --from-state --resume --text --json --yaml --tpm2-yaml --output --batch --unordered --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='live cel-tlv: cel-cbor: tcg: tcg2: ccel: json: systemd: cel-json: ima: ima-ascii: tpm2-yaml: tsm: aael:'
    ;;
  verify)
    options='--against --initial --tcti --save-state --from-state --resume --quote --sig --pcrs --key --ca --crl --tcb-info --nonce --no-nonce --at --policy --ima-key --make-policy --require --trust-registers --allow-sha1 --tolerate --tolerant --text --json --yaml --output --batch --unordered --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='live cel-tlv: cel-cbor: tcg: tcg2: ccel: json: systemd: cel-json: ima: ima-ascii: tpm2-yaml: tsm: aael:'
    ;;
  explain)
    options='--register --bank --against --initial --tcti --text --json --yaml --output --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='live cel-tlv: cel-cbor: tcg: tcg2: ccel: json: systemd: cel-json: ima: ima-ascii: tpm2-yaml: tsm: aael:'
    ;;
  convert)
    options='--register --bank --to --dialect --loss-report --allow-loss --allow-gap --output --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='live cel-tlv: cel-cbor: tcg: tcg2: ccel: json: systemd: cel-json: ima: ima-ascii: tpm2-yaml: tsm: aael:'
    ;;
  extend)
    options='--bank --tcti --event --file --digest --stdin --event-type --data --by-event --virtual --on --backend --log --wait --recover --force --text --json --ndjson --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='rtmr0 rtmr1 rtmr2 rtmr3 rem0 rem1 rem2 rem3 pcr0 pcr1 pcr2 pcr3 pcr4 pcr5 pcr6 pcr7 pcr8 pcr9 pcr10 pcr11 pcr12 pcr13 pcr14 pcr15 pcr16 pcr17 pcr18 pcr19 pcr20 pcr21 pcr22 pcr23'
    ;;
  ima-bridge)
    options='--bank --tcti --virtual --on --as --follow --once --interval --backend --log --wait --force --text --json --ndjson --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='live cel-tlv: cel-cbor: tcg: tcg2: ccel: json: systemd: cel-json: ima: ima-ascii: tpm2-yaml: tsm: aael:'
    ;;
  registers)
    options='--register --bank --tcti --text --json --yaml --tpm2-yaml --output --diagnostics --color --quiet --verbose --threads --root --help --version'
    logs='live tpm tdx-guest'
    ;;
  formats)
    options='--matrix --text --json --yaml --output --color --quiet --verbose --threads --root --help --version'
    ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ -n $logs ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current"; compgen -W "$logs" -- "$current")
    compopt -o filenames
  fi
}

complete -F _mrtool mrtool
