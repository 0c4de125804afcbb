# Unpacks proofmark from an archive or a mirror and prints the path of the binary. Everything comes in variables:
# PROOFMARK_ARCHIVE or PROOFMARK_MIRROR with PROOFMARK_VERSION, PROOFMARK_SHA256, PROOFMARK_CACHE_FOLDER.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

function Same($file) { (Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash -eq $env:PROOFMARK_SHA256 }

$cache = $env:PROOFMARK_CACHE_FOLDER
if (-not $cache) { $cache = Join-Path $env:LOCALAPPDATA 'proofmark\jenkins' }
$place = Join-Path $cache $env:PROOFMARK_SHA256
$kept = Join-Path $place 'archive.tar.gz'
# Beside the place that it will have, so that it can be moved there whole: other builds use the same cache.
$work = Join-Path $place ('.work.' + [Guid]::NewGuid().ToString('N'))
New-Item -ItemType Directory -Force -Path $work | Out-Null
try {
    # What is kept may have been changed by anybody who uses this agent.
    if ((Test-Path -LiteralPath $kept) -and -not (Same $kept)) {
        [Console]::Error.WriteLine('proofmark: the cache held another archive, which is replaced')
        Remove-Item -Force -LiteralPath $kept
    }
    if (-not (Test-Path -LiteralPath $kept)) {
        $fresh = Join-Path $work 'archive.tar.gz'
        if ($env:PROOFMARK_ARCHIVE) {
            Copy-Item -LiteralPath $env:PROOFMARK_ARCHIVE -Destination $fresh
        } else {
            $version = $env:PROOFMARK_VERSION
            $address = $env:PROOFMARK_MIRROR.TrimEnd('/') + "/v$version/proofmark-$version-x86_64-pc-windows-msvc.tar.gz"
            Invoke-WebRequest -UseBasicParsing -TimeoutSec 300 -Uri $address -OutFile $fresh
        }
        if (-not (Same $fresh)) {
            throw "proofmark: the archive does not have the SHA-256 $($env:PROOFMARK_SHA256); nothing of it was run"
        }
        Move-Item -Force -LiteralPath $fresh -Destination $kept
    }
    # A copy of one's own, and once more: another build may change what is kept at any moment.
    $own = Join-Path $work 'own.tar.gz'
    Copy-Item -LiteralPath $kept -Destination $own
    if (-not (Same $own)) { throw 'proofmark: the archive in the cache has just been changed' }
    $tar = Join-Path $env:SystemRoot 'System32\tar.exe'
    $member = & $tar -tzf $own | Where-Object { $_ -match '^(\./)?[^/]+/proofmark\.exe$' } | Select-Object -First 1
    if (-not $member) { throw 'proofmark: the archive holds no proofmark.exe' }
    & $tar -xzf $own -C $work $member
    if ($LASTEXITCODE -ne 0) { throw 'proofmark: the archive cannot be unpacked' }
    $unpacked = Join-Path $work $member
    $binary = Join-Path $place 'proofmark.exe'
    function Installed {
        (Test-Path -LiteralPath $binary) -and
            ((Get-FileHash -Algorithm SHA256 -LiteralPath $binary).Hash -eq (Get-FileHash -Algorithm SHA256 -LiteralPath $unpacked).Hash)
    }
    # A binary that runs cannot be replaced on Windows, and need not be when it is the same: also when another build was faster.
    if (-not (Installed)) {
        try { Move-Item -Force -LiteralPath $unpacked -Destination $binary } catch { if (-not (Installed)) { throw } }
    }
    [Console]::Out.WriteLine($binary)
} finally {
    Remove-Item -Recurse -Force -LiteralPath $work -ErrorAction SilentlyContinue
}
