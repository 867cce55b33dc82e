# docker build -t smug .
# docker run --rm -v "$PWD/mine:/home/smug/mine" smug                          # everything, into mine/results
# docker run --rm -v "$PWD/mine:/home/smug/mine" smug run mine --cores 2 --config override='experiment=quick'
# docker run --rm -v "$PWD:/home/smug/photos" smug explain photos/photo.jpg
# The folder that is mounted must be writable for user 1000.
# What clouds run jobs in (docs/workflow.md):
# docker build -t <registry>/smug --target worker --build-arg EXTRAS=s3 .

FROM python:3.12-slim AS build
ARG EXTRAS=crate
COPY . /source
# The packages of the lock, at its versions, without those that only development needs.
RUN python -m venv /opt/smug \
    && sed -e '/--hash=/d' -e 's/ *\\$//' /source/requirements.lock > /tmp/constraints.txt \
    && /opt/smug/bin/pip install --no-cache-dir --constraint /tmp/constraints.txt "/source[$EXTRAS]"

# Clouds give the whole command, and a folder that may be root's.
FROM python:3.12-slim AS worker
COPY --from=build /opt/smug /opt/smug
ENV PATH="/opt/smug/bin:$PATH" \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba

FROM worker
RUN useradd --create-home --uid 1000 smug
USER 1000
WORKDIR /home/smug
ENTRYPOINT ["smug"]
CMD ["run", "mine"]
