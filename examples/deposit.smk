# Puts the crate of a run (make crate) into a deposition of Zenodo that is not published yet:
#   pip install -e '.[zenodo]'
#   export SNAKEMAKE_STORAGE_ZENODO_ACCESS_TOKEN=<token with deposit:write>
#   snakemake -s examples/deposit.smk --cores 1 --config run=demo deposition=<number>
CRATE = f"{config['run']}.crate.zip"


rule deposit:
    input:
        f"results/{CRATE}",
    output:
        storage.zenodo(f"zenodo://deposition/{config['deposition']}/{CRATE}"),
    shell:
        "cp {input} {output}"
